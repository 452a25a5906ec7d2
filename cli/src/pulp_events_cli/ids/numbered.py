"""Short forms of long ids: the beginning of an event's id and its place in the outbox, `repo-s~4711`.

Ids that an application chose may differ only at their ends, so that no short beginning is unique. A place is that of
one event, also when the event is gone; to find an event by it takes as long however many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events_cli.ids.prefixes import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.stored_event import StoredEvent

MARK = "~"
BEGINNING = 6
"""Characters of the id before the mark: for people, and so that a wrong number is noticed."""
_LONGEST = 18
"""Digits that a place may have in either store."""


def forms(bus: EventBus, event_ids: Sequence[str]) -> Mapping[str, str]:
    """Id → its short form; without those of events that are not stored, and those that could be another id's."""
    from pulp_events.outbox.stored_event import EventQuery

    if not event_ids:
        return {}
    places = {each.id: each.place for each in bus.events.each(EventQuery(ids=event_ids))}
    found = {each: f"{each[:BEGINNING]}{MARK}{place}" for each, place in places.items()}
    # An application may choose an id of just this form, or one that starts so.
    taken = {each.id for each in bus.events.each(EventQuery(ids=[*found.values()]))}
    taken |= {*bus.outbox.beside([*found.values()])}
    return {each: form for each, form in found.items() if not any(other.startswith(form) for other in taken)}


def find(bus: EventBus, text: str) -> StoredEvent | None:
    """The event whose short form this is; None if it is none, or its event is not stored."""
    beginning, _, number = text.rpartition(MARK)
    if len(beginning) < SHORTEST or not (number.isascii() and number.isdigit()) or len(number) > _LONGEST:
        return None
    place = int(number)
    found = bus.events.list(after=place - 1, before=place + 1, limit=1) if place > 0 else []
    return found[0] if found and found[0].id.startswith(beginning) else None
