"""A listener as Pulp 2 showed it, but for its secrets, which are shown to nobody."""

from __future__ import annotations

from typing import Any

from pulp_events import Listener
from pulp_events.listeners.redacted import Redaction
from pulp_events.listeners.shown import config_shown
from pulp_events.plugins.registry import Plugins


def listener_shown(
    plugins: Plugins, listener: Listener, root: str = "", redaction: Redaction | None = None
) -> dict[str, Any]:
    """`root`: path under which the application is mounted."""
    return {
        "_href": f"{root}/pulp/api/v2/events/{listener.id}/",
        "_id": {"$oid": listener.id},
        "_ns": "event_listeners",
        "id": listener.id,
        "notifier_type_id": listener.notifier_type_id,
        "notifier_config": dict(config_shown(plugins, listener, redaction).config),
        "event_types": list(listener.event_types),
    }
