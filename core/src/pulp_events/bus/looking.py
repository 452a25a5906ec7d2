"""Looking for what may be rare, for a time: what no index leads to is looked for in steps, from the newest event back.

The first step is small, and each further one as large as what the one before took allows: whoever looks for what is
common has a page at once, and whoever looks for what fits nothing among a million is stopped in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
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


def time_at(outbox: Outbox, place: int) -> datetime | None:
    """When the first event at this place, or above, was emitted."""
    from pulp_events.outbox.stored_event import EventQuery

    return next((each.time for each in outbox.events(EventQuery(), 1, after=place - 1, oldest_first=True)), None)
