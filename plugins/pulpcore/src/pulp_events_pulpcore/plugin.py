"""What this package adds to `pulp_events`: event types and the home of the listeners in Pulp's database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pulp_events import EventType, hookimpl

if TYPE_CHECKING:
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.settings.given import SettingsMapping
    from pulp_events.settings.settings import Settings


@hookimpl
def pulp_event_types() -> Sequence[EventType]:
    """Those of Pulp beyond the four of core."""
    from pulp_events_pulpcore.event_types import EVENT_TYPES

    return EVENT_TYPES


@hookimpl
def pulp_settings() -> SettingsMapping | None:
    """Those of the Pulp that this machine runs, where its settings are found by Pulp's own rule."""
    from pulp_events_pulpcore.given import is_pulp_here

    if not is_pulp_here():
        return None
    from pulp_events_pulpcore.given import settings_mapping

    return settings_mapping()


@hookimpl
def pulp_listener_store(settings: Settings) -> ListenerStore | None:
    """Listener records in Pulp's database, where `[storage] listeners` says `pulpcore`."""
    if settings.section("storage")["listeners"] != "pulpcore":
        return None
    from pulp_events_pulpcore.listener_store import PulpListenerStore

    return PulpListenerStore(
        keep_history=settings.section("events")["keep_history"], idle=settings.section("storage")["idle"]
    )
