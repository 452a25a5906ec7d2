"""Looking for what may be rare, for a time: what no index leads to is looked for in steps, from the newest event back.

The first step is small, and each further one as large as what the one before took allows: whoever looks for what is
common has a page at once, and whoever looks for what fits nothing among a million is stopped in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.rows import split_id
from pulp_events.outbox.states import State
from pulp_events.outbox.stored_event import EventQuery, StoredEvent

if TYPE_CHECKING:
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.store import Outbox

T = TypeVar("T")
Places = tuple[int, int]
"""From the first of these on, and below the second."""

FIRST = 16
"""Places of the first step: of an event there may be thousands of deliveries."""
FASTER = 16.0
"""Times that a step may be as large as the one before."""
STEP = 0.1
"""Seconds that a step should take at most."""


@dataclass(frozen=True)
class Looked(Generic[T]):
    """What was found in the time that there was, newest first."""

    found: Sequence[T]
    place: int | None = None
    """Events below this `place` were not looked at; go on there. None: whatever there is was looked at, or `found` has
    as many as were asked for."""
    back_to: datetime | None = None
    """When the last event that was looked at was emitted; None where `place` is None."""


def look(
    find: Callable[[Places, int], Sequence[T]],
    oldest: Callable[[], int | None],
    below: int,
    limit: int,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[list[T], int | None]:
    """At most `limit` of what is found from the place `below` back, and the place below which nobody looked; None:
    there is nothing below, or they are `limit`.

    `find(places, most)`: what there is in these places, at most so many, newest first. `oldest`: the lowest place where
    anything can be; None: nowhere. It is asked at most once, and not at all where the first step finds enough.
    `seconds`: after these, no further step begins. There is always one.
    """
    began = at = clock()
    width, found, end = FIRST, list[T](), None
    while True:
        low = max(end or 0, below - width)
        found += find((low, below), limit - len(found))
        if len(found) >= limit:
            return found, None
        if end is None and (end := oldest()) is None:
            return found, None
        if low <= end:
            return found, None
        now = clock()
        if now - began >= seconds:
            return found, low
        left = min(STEP, seconds - (now - began))
        width = max(1, int(width * min(FASTER, left / max(now - at, 1e-6))))
        at, below = now, low


def look_for_deliveries(
    outbox: Outbox, asked: DeliveryQuery, limit: int, before: str | None, place: int | None, seconds: float
) -> Looked[Delivery]:
    """See `Deliveries.look`."""
    known = asked.ids is not None or asked.event_id is not None
    if known or asked in (DeliveryQuery(), DeliveryQuery(state=State.DEAD)):  # an index leads to them
        return Looked(outbox.find(asked if place is None else replace(asked, places=(0, place)), limit, before))
    if place is None:
        place = _above_all(outbox, asked.until) if before is None else _above(outbox.event(split_id(before)[0]))
    if place is None:
        return Looked(())
    found, left = look(
        lambda places, most: outbox.find(replace(asked, places=places), most, before),
        lambda: _lowest(outbox, asked.since, asked.until), place, limit, seconds,
    )  # fmt: skip
    return Looked(found, left, _time_at(outbox, left))


def look_for_events(
    outbox: Outbox, asked: EventQuery, limit: int, before: int | None, seconds: float
) -> Looked[StoredEvent]:
    """See `Events.look`."""
    known = asked.ids is not None or asked.id_prefix is not None
    if known or asked == EventQuery(since=asked.since, until=asked.until):
        return Looked(outbox.events(asked, limit, before=before))
    place = _above_all(outbox, asked.until) if before is None else before
    if place is None:
        return Looked(())
    found, left = look(
        lambda places, most: outbox.events(replace(asked, places=places), most),
        lambda: _lowest(outbox, asked.since, asked.until), place, limit, seconds,
    )  # fmt: skip
    return Looked(found, left, _time_at(outbox, left))


def _above_all(outbox: Outbox, until: datetime | None) -> int | None:
    """The place above all events before this moment; None: there are none."""
    return _above(next(iter(outbox.events(EventQuery(until=until), 1)), None))


def _above(event: StoredEvent | None) -> int | None:
    return None if event is None else event.place + 1


def _lowest(outbox: Outbox, since: datetime | None, until: datetime | None) -> int | None:
    """The place of the first event in this time; None: there is none."""
    found = outbox.events(EventQuery(since=since, until=until), 1, oldest_first=True)
    return found[0].place if found else None


def _time_at(outbox: Outbox, place: int | None) -> datetime | None:
    """When the first event at this place, or above, was emitted."""
    found = () if place is None else outbox.events(EventQuery(), 1, after=place - 1, oldest_first=True)
    return found[0].time if found else None
