"""Follows deliveries as they are stored and change, without leaving any out, or saying what was left out."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pulp_events.outbox.states import State

if TYPE_CHECKING:
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.store import Outbox

PAGE = 500
"""Deliveries that one question asks for; as many of the newest are looked at again at each change."""
FOLLOWED = 5000
"""Pending deliveries that are followed until they end, at most; what is newer takes the place of what is older."""
REMEMBERED = 4 * FOLLOWED
"""Deliveries of which it is remembered how they were, at most."""
SHARE = 5
"""How many times as long as a look took it is waited before the next one: looking takes a sixth of the time at most."""


@dataclass(frozen=True)
class Skipped:
    """Deliveries of which changes are not shown from now on."""

    count: int
    reason: str


Version = tuple[State, int]


class Following:
    """`look` yields what is new or changed since the last look. Used by one thread.

    New deliveries are paged through from the newest event of the last look, however many there are. Pending ones
    are asked for again by their ids. The newest are looked at in any case: some are stored after younger ones, in a
    transaction that took long or as a repeat of an old one.
    """

    def __init__(self, outbox: Outbox, query: DeliveryQuery) -> None:
        """`query`: what does not change about a delivery, such as listener and event type."""
        self._outbox = outbox
        self._query = query
        self._seen: dict[str, Version] = {}
        self._pending: dict[str, None] = {}
        self._place = 0
        """Of the newest event of the last look: it stays true whatever is deleted."""
        self._next = 0.0

    def begin(self) -> None:
        """Start now: what is stored is known, and of that the newest are followed."""
        self._place = self._newest()
        for one in reversed(self._outbox.find(self._query, PAGE)):
            self._note(one)

    def begin_in_the_past(self, query: DeliveryQuery) -> Iterator[Delivery]:
        """Start with all that fit this query, oldest first, before what comes after them."""
        self._place = self._newest()
        after = None
        while page := self._outbox.find(query, PAGE, after=after, oldest_first=True):
            yield from self._changed(page)
            after = page[-1].id

    @property
    def place(self) -> int:
        """Of the newest event of the last look: deliveries of all that are behind it are still to come."""
        return self._place

    @property
    def is_due(self) -> bool:
        """False for a moment after a look that took long."""
        return time.monotonic() >= self._next

    def look(self) -> Iterator[Delivery | Skipped]:
        """What is new or changed, oldest first as far as can be told."""
        began = time.monotonic()
        for ids in _chunks([*self._pending], PAGE):
            yield from self._changed(self._outbox.find(replace(self._query, ids=ids), PAGE, oldest_first=True))
        yield from self._new()
        yield from self._changed(self._outbox.find(self._query, PAGE)[::-1])
        if (beyond := len(self._pending) - FOLLOWED) > 0:
            for id in [*self._pending][:beyond]:
                del self._pending[id]
            reason = f"more than {FOLLOWED:,} deliveries are pending; how the oldest of them end is not shown"
            yield Skipped(beyond, reason)
        for id in [*self._seen][: max(0, len(self._seen) - REMEMBERED)]:
            del self._seen[id]
        self._next = time.monotonic() + SHARE * (time.monotonic() - began)

    def _new(self) -> Iterator[Delivery]:
        """What was stored since the last look, whether or not what was stored before is still there."""
        from pulp_events.outbox.stored_event import EventQuery

        until = self._newest()
        if self._query.event_id is None:
            while first := self._outbox.events(EventQuery(), 1, after=self._place, oldest_first=True):
                if (yield from self._from(first[0].id)):
                    break  # else an event was deleted meanwhile: once more, passing over what is known by now
        self._place = max(self._place, until)

    def _from(self, event_id: str) -> Generator[Delivery, None, bool]:
        """Of this event and all later ones; False if it went amid that."""
        yield from self._changed(self._outbox.find(replace(self._query, event_id=event_id), PAGE))
        after = f"{event_id}.0"
        while page := self._outbox.find(self._query, PAGE, after=after, oldest_first=True):
            yield from self._changed(page)
            after, event_id = page[-1].id, page[-1].event_id
        return self._outbox.event(event_id) is not None

    def _changed(self, found: Sequence[Delivery]) -> Iterator[Delivery]:
        for one in found:
            if self._note(one):
                yield one

    def _note(self, one: Delivery) -> bool:
        """Remember how it is; True if it was not known to be so."""
        # An attempt that has begun is counted already: it is a change once it has ended.
        version = one.state, one.attempts - (one.lease is not None)
        changed = self._seen.pop(one.id, None) != version
        self._seen[one.id] = version
        if one.state != State.PENDING:
            self._pending.pop(one.id, None)
        elif one.id not in self._pending:
            self._pending[one.id] = None
        return changed

    def _newest(self) -> int:
        """Place of the newest event; 0 if there is none."""
        from pulp_events.outbox.stored_event import EventQuery

        return next((each.place for each in self._outbox.events(EventQuery(), 1)), 0)


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
