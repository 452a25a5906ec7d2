"""What `emit` does with events that are prepared: store them, have them delivered, tell plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.outbox.repeated import check_same
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events.system.clock import from_timestamp

if TYPE_CHECKING:
    from pulp_events.bus.emitter import Prepared
    from pulp_events.events.event import Event
    from pulp_events.outbox.records import NewEvent
    from pulp_events.outbox.store import Outbox
    from pulp_events.plugins.observers import Observers


def store(
    prepared: Sequence[Prepared],
    keeps_all: bool,
    outbox: Callable[[], Outbox],
    connection: Any,
    on_stored: Callable[[Sequence[NewEvent]], None],
    observers: Observers,
) -> list[Event]:
    """Store what is to be stored, all of it or nothing; returns the events, those that were there already as they are.

    `keeps_all`: events without deliveries are stored, too. `on_stored`: told what was stored by now, not what is still
    in the application's transaction.
    """
    first = _first_of_each_id(prepared)
    new = [each for each in prepared if not each.new.once or first[each.event.id] is each]
    stored = [each.new for each in new if each.new.deliveries or each.new.once or keeps_all]
    there: Mapping[str, StoredEvent] = outbox().add(stored, connection) if stored else {}
    if there:
        new = [each for each in new if each.event.id not in there]
        stored = [each for each in stored if each.id not in there]
    if stored and connection is None:
        on_stored(stored)
    if observers.watches_emitted:
        for each in new:
            observers.tell_emitted(each.event, each.listeners)
    if not first:
        return [each.event for each in prepared]
    return [
        there[each.event.id].event if each.event.id in there else first.get(each.event.id, each).event
        for each in prepared
    ]


def _first_of_each_id(prepared: Sequence[Prepared]) -> dict[str, Prepared]:
    """Of the ids that the application chose. Raises EventConflict where two events are to have the same one."""
    first: dict[str, Prepared] = {}
    for each in prepared:
        if each.new.once and (before := first.setdefault(each.event.id, each)) is not each:
            new = before.new
            as_stored = (new.id, new.event_type, from_timestamp(new.time), new.source, new.report)
            check_same(each.new, StoredEvent(*as_stored, place=0, fingerprint=new.fingerprint))
    return first
