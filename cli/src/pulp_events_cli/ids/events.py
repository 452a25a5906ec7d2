"""Stored events by what the command line calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import EventNotFound
from pulp_events_cli.ids import prefixes as ids

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.stored_event import StoredEvent

RECENT = 100
"""How many of the newest events are searched for one whose id is like it."""


def find(bus: EventBus, text: str) -> StoredEvent:
    """The event with this id, or the only one whose id begins so.

    Raises UsageError if several do, EventNotFound if none does.
    """
    from pulp_events.outbox.stored_event import EventQuery

    found = bus.outbox.event(text)
    if found is not None:
        return found
    known = {each.id: each for each in bus.events.list(EventQuery(id_prefix=text), limit=ids.SHOWN + 1)}
    if (picked := ids.pick(text, known, "events")) is not None:
        return known[picked]
    recent = known or {each.id: each for each in bus.events.list(limit=RECENT)}
    raise EventNotFound(f"no stored event has the id {text!r:.60}{ids.hint(text, recent, 'list')}")
