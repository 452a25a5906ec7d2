"""Stored events by what the command line calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import EventNotFound
from pulp_events_cli.ids import numbered
from pulp_events_cli.ids import prefixes as ids

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.stored_event import StoredEvent

RECENT = 100
"""How many of the newest events are searched for one whose id is like it."""


def find(bus: EventBus, text: str) -> StoredEvent:
    """The event with this id, the one whose id tables shorten to this, or the only one whose id begins so.

    Raises UsageError if several are called so, EventNotFound if none is.
    """
    known = {each.id: each for each in called(bus, text)}
    if text in known:
        return known[text]
    if any(not each.startswith(text) for each in known):
        return known[ids.only(text, known, "events")]
    if (picked := ids.pick(text, known, "events")) is not None:
        return known[picked]
    recent = known or {each.id: each for each in bus.events.list(limit=RECENT)}
    raise EventNotFound(f"no stored event has the id {text!r:.60}{ids.hint(text, recent, 'list')}")


def called(bus: EventBus, text: str) -> list[StoredEvent]:
    """The event with this id; if there is none, that with this short form, and some whose ids begin so."""
    from pulp_events.outbox.stored_event import EventQuery

    if (found := bus.outbox.event(text)) is not None:
        return [found]
    begun = bus.events.list(EventQuery(id_prefix=text), limit=ids.SHOWN + 1)
    short = numbered.find(bus, text)
    return begun if short is None else [short, *(each for each in begun if each.id != short.id)]
