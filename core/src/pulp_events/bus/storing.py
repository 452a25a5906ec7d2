"""`Storing`: what `emit` does with events that are prepared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.bus.limits import limits_of
from pulp_events.bus.tracing import Begun, Tracing
from pulp_events.outbox.repeated import check_same
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events.settings.kept import KEEP_ALL
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.uninterrupted import uninterrupted

if TYPE_CHECKING:
    from pulp_events.bus.delivery_mode import Mode
    from pulp_events.bus.dropped import Dropped
    from pulp_events.bus.emitter import Prepared
    from pulp_events.events.event import Event
    from pulp_events.outbox.records import NewEvent
    from pulp_events.outbox.store import Outbox
    from pulp_events.plugins.observers import Observers
    from pulp_events.settings.settings import Settings

_NONE: Mapping[str, Prepared] = {}
_NOTHING: Mapping[str, StoredEvent] = {}


class Storing:
    """Stores events, has them delivered, and tells plugins. `mode`: told what was stored by now, not what is
    still in the application's transaction."""

    def __init__(
        self,
        settings: Settings,
        outbox: Callable[[], Outbox],
        mode: Mode,
        observers: Observers,
        clock: Clock,
        dropped: Dropped,
    ) -> None:
        self._keeps_all = settings.section("events")["keep"] == KEEP_ALL
        self._outbox = outbox
        self._mode = mode
        self._observers = observers
        self.tracing: Tracing = Tracing(observers.tracers, settings)
        self._limits = limits_of(settings, outbox, clock, dropped)

    def store(self, prepared: Sequence[Prepared], connection: Any) -> list[Event]:
        """Store what is to be stored, all of it or nothing; returns the events, those that were there already as they
        are. Raises StoreError, EventConflict."""
        new, first, there = prepared, _NONE, _NOTHING
        if True in [each.new.once for each in prepared]:  # a third of the time of any()
            first = _first_of_each_id(prepared)
            new = [each for each in prepared if not each.new.once or first[each.event.id] is each]
        stored = [each.new for each in new if each.new.deliveries or each.new.once or self._keeps_all]
        if stored and self._limits is not None:
            admitted = self._limits.admit(stored)
            if len(admitted) < len(stored):
                dropped = {each.id for each in stored} - {each.id for each in admitted}
                new = [each for each in new if each.event.id not in dropped]
                stored = [*admitted]
        traced = self.tracing.begin(new, stored)
        if stored:
            outbox = self._outbox()  # here, as it may have to be imported
            there = self._added(outbox, stored) if connection is None else outbox.add(stored, connection)
        if there:
            new = [each for each in new if each.event.id not in there]
            stored = [each for each in stored if each.id not in there]
        if traced:
            self.tracing.end(traced, there)
        if stored:
            if connection is None:
                self._mode.make_now(stored)
            elif self._limits is not None:
                self._limits.stored(stored)
        self._tell(new)
        if not first:
            return [each.event for each in prepared]
        return [
            there[each.event.id].event if each.event.id in there else first.get(each.event.id, each).event
            for each in prepared
        ]

    def told_of(self, prepared: Sequence[Prepared], traced: Sequence[Begun]) -> None:
        """These were just stored by somebody else in this process: have them delivered, and tell plugins.

        `traced`: what `tracing.begin` returned.
        """
        self.tracing.end(traced)
        if prepared:
            stored = [each.new for each in prepared]
            self._on_stored(stored)
            self._mode.make_now(stored)
        self._tell(prepared)

    def _added(self, outbox: Outbox, events: Sequence[NewEvent]) -> Mapping[str, StoredEvent]:
        """Store them, and have them delivered: both or neither, whatever a signal handler raises meanwhile."""
        return uninterrupted(self._add, outbox, events)

    def _add(self, outbox: Outbox, events: Sequence[NewEvent]) -> Mapping[str, StoredEvent]:
        there = outbox.add(events, None)
        stored = [each for each in events if each.id not in there] if there else events
        if stored:
            self._on_stored(stored)
        return there

    def _on_stored(self, events: Sequence[NewEvent]) -> None:
        if self._limits is not None:
            self._limits.stored(events)
        self._mode.on_stored(events)

    def _tell(self, new: Sequence[Prepared]) -> None:
        if self._observers.watches_emitted:
            for each in new:
                self._observers.tell_emitted(each.event, each.listeners)
        if self._observers.counts_emitted and new:
            one = len(new) == 1  # as a rule, and a tenth of the time
            counts = {new[0].event.event_type: 1} if one else Counter([each.event.event_type for each in new])
            self._observers.tell_counted(counts)


def _first_of_each_id(prepared: Sequence[Prepared]) -> dict[str, Prepared]:
    """Of the ids that the application chose. Raises EventConflict where two events are to have the same one."""
    first: dict[str, Prepared] = {}
    for each in prepared:
        if each.new.once and (before := first.setdefault(each.event.id, each)) is not each:
            new = before.new
            as_stored = (new.id, new.event_type, from_timestamp(new.time), new.source, new.report)
            same = StoredEvent(*as_stored, place=0, fingerprint=new.fingerprint, scope=new.scope, scope_known=True)
            check_same(each.new, same, together=True)
    return first
