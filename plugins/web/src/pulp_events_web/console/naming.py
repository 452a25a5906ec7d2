"""What listeners are called on pages that show something else: looked up by id, never all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pulp_events import EventBus
from pulp_events.errors import ListenerNotFound

OFFERED = 100
"""Names that a field offers; any other can be typed."""


def names_of(bus: EventBus, ids: Iterable[str]) -> dict[str, str]:
    """Listener id → what it is called, of those that still exist."""
    found = {}
    for each in {*ids}:
        try:
            found[each] = called(bus, each)
        except ListenerNotFound:
            continue
    return found


def called(bus: EventBus, listener_id: str) -> str:
    """Its name, or its id. Raises ListenerNotFound."""
    return bus.listeners.get(listener_id).name or listener_id


def offered(bus: EventBus) -> Sequence[str]:
    """The names of the first listeners, for a field that takes a name."""
    return sorted(each.name for each in bus.listeners.list()[:OFFERED] if each.name)
