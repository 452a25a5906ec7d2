"""`RecordingOutbox`: the outbox of a bus whose events are recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import NewEvent
from pulp_events.outbox.repeated import check_same
from pulp_events.outbox.sqlite.in_memory import Database, InMemoryOutbox
from pulp_events.outbox.stored_event import EventQuery, StoredEvent
from pulp_events.system.clock import Clock
from pulp_events.testing.recording.transactions import Transactions


class RecordingOutbox(InMemoryOutbox):
    """In memory; tells of each event in the order of `emit`. Events of transactions come in when these commit."""

    def __init__(
        self,
        clock: Clock,
        database: Database,
        transactions: Transactions,
        note: Callable[[RecordingOutbox, Sequence[NewEvent]], None],
    ) -> None:
        super().__init__(clock, database)
        self.transactions = transactions
        self._note = note
        self.deliver: Callable[[], object] = lambda: None
        """Makes the deliveries of events whose transaction committed: no `emit` does."""

    def add(self, events: Sequence[NewEvent], connection: Any = None) -> Mapping[str, StoredEvent]:
        found = super().add(events) if connection is None else self._add_within(events, connection)
        self._note(self, [each for each in events if each.id not in found])
        return found

    def add_noting(self, events: Sequence[NewEvent], key: str, before: str | None, after: str) -> bool:
        stored = super().add_noting(events, key, before, after)
        if stored:
            self._note(self, events)
        return stored

    def event(self, event_id: str) -> StoredEvent | None:
        self.settle()
        return super().event(event_id)

    def events(self, query: EventQuery, limit: int, **where: Any) -> Sequence[StoredEvent]:
        self.settle()
        return super().events(query, limit, **where)

    def of_event(self, event_id: str) -> Sequence[Delivery]:
        self.settle()
        return super().of_event(event_id)

    def settle(self) -> None:
        """Take in what was committed by now."""
        came: list[NewEvent] = []
        self.transactions.settle(came.append)
        if came:
            super().add(came)
            self.deliver()

    def _add_within(self, events: Sequence[NewEvent], connection: Any) -> dict[str, StoredEvent]:
        there: dict[str, StoredEvent] = {}
        for each in events:
            if each.once and (stored := self.event(each.id)) is not None:
                check_same(each, stored)
                there[each.id] = stored
        new = [each for each in events if each.id not in there]
        return {**there, **(self.transactions.add(new, connection) if new else {})}
