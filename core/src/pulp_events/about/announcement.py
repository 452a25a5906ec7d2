"""`Announcement`: an event about events that is to be emitted, and what each of them says of its listener."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulp_events.listeners.listener import Listener
from pulp_events.system.clock import from_timestamp

LONGEST_ERROR = 500
"""Characters of an error, at most."""


@dataclass(frozen=True)
class Announcement:
    """An event of this type with this payload."""

    event_type: str
    payload: Mapping[str, Any]
    subject: Listener | None = None
    """The listener that it tells of; None: it tells of the outbox."""


def about(event_type: str, listener: Listener, **said: Any) -> Announcement:
    """An event about a listener. Nothing of its configuration is in it, nor its targets: both may hold secrets."""
    return Announcement(event_type, {**described(listener), **said}, listener)


def described(listener: Listener) -> dict[str, Any]:
    """What is said of a listener in each event about it."""
    return {
        "listener_id": listener.id,
        "notifier_type_id": listener.notifier_type_id,
        "name": listener.name,
        "description": listener.description,
        "labels": dict(listener.labels),
        "event_types": list(listener.event_types),
        "scope": listener.scope,
        "author": None if listener.author is None else listener.author.name,
    }


def error(detail: str) -> str:
    """The first line of what an attempt came to, which was freed of secrets when it was recorded."""
    first = detail.partition("\n")[0]
    return first if len(first) <= LONGEST_ERROR else first[: LONGEST_ERROR - 1] + "…"


def text(moment: datetime | float) -> str:
    """ISO 8601, in whole seconds."""
    found = from_timestamp(moment) if isinstance(moment, int | float) else moment
    return found.isoformat(timespec="seconds").replace("+00:00", "Z")
