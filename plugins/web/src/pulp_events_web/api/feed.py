"""`Feed`: the changes of deliveries, numbered, for all streams of an application together.

There is no thread: whichever stream looks next takes what happened since the last look, for all of them. What is kept
can be had again by its number, so that a client that lost its connection goes on without loss or repetition.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.following import Following, Skipped
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.store import Outbox

KEPT = 20_000
"""Changes that can be had again."""
FORGOTTEN = 600.0
"""Seconds without any stream after which a new feed begins: to catch up would cost more than to start over."""
LOOK = 0.25
"""Seconds between two looks, at least."""

Version = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One delivery, as it is since this change."""

    number: int
    of: Delivery | Skipped
    place: int
    """Of an event of which all that are behind it had not been looked at: another process goes on there."""


def version_of(delivery: Delivery) -> Version:
    """The same for a delivery that has not changed: an attempt that has only begun is no change."""
    return delivery.id, str(delivery.state), delivery.attempts - (delivery.lease is not None)


class Feed:
    """Used by any number of threads."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._lock = threading.Lock()
        self._last_asked = float("-inf")
        self._last_look = 0.0
        self._begin()

    def _begin(self) -> None:
        self.name = secrets.token_hex(4)
        self._changes: deque[Change] = deque(maxlen=KEPT)
        self._number = 0
        self._following: Following | None = None

    def start(self) -> tuple[str, int, int]:
        """Where a stream that begins now is: the name of the feed, the number of the last change, and the place of the
        newest event."""
        with self._lock:
            self._look(now=True)
            assert self._following is not None
            return self.name, self._number, self._following.place

    def has(self, name: str, number: int) -> bool:
        """Whether everything after this number can be had from the feed of this name."""
        with self._lock:
            if self._is_forgotten() or name != self.name:
                return False
            first = self._changes[0].number if self._changes else self._number + 1
            return first - 1 <= number <= self._number

    def after(self, name: str, number: int) -> Sequence[Change] | None:
        """What changed after this number; None: that is not known any more."""
        with self._lock:
            self._look()
            if name != self.name:
                return None
            if not self._changes or number >= self._number:
                return ()
            first = self._changes[0].number
            if number < first - 1:
                return None
            return [each for each in self._changes if each.number > number]

    def _is_forgotten(self) -> bool:
        return self._following is None or time.monotonic() - self._last_asked > FORGOTTEN

    def _look(self, *, now: bool = False) -> None:
        if self._is_forgotten():
            self._begin()
            self._following = Following(self._outbox, DeliveryQuery())
            self._following.begin()
        self._last_asked = time.monotonic()
        assert self._following is not None
        if not now and (self._last_asked - self._last_look < LOOK or not self._following.is_due):
            return
        place = self._following.place
        for each in self._following.look():
            self._number += 1
            self._changes.append(Change(self._number, each, place))
        self._last_look = time.monotonic()
