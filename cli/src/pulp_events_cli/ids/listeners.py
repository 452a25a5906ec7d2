"""Listeners by what the command line calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import ListenerNotFound
from pulp_events_cli.ids import prefixes as ids

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener

LENGTH = 24


def find(bus: EventBus, text: str) -> Listener:
    """The listener with this id, or the only one whose id begins so.

    Raises UsageError if several do, ListenerNotFound if none does.
    """
    listeners = {listener.id: listener for listener in bus.listeners.list()}
    found = ids.pick(text, listeners, "listeners")
    if found is None:
        raise ListenerNotFound(f"no listener has the id {text!r:.60}{ids.hint(text, listeners, 'listener list')}")
    return listeners[found]


def for_query(bus: EventBus, text: str) -> str:
    """The id to look for in the ledger, which also holds deliveries of listeners that were deleted."""
    return text if len(text) >= LENGTH else find(bus, text).id
