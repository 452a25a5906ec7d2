"""`Places`: how many requests may wait at a time, so that some threads of the server are always free for the others.

A stream, a test of a receiver that does not answer, a backfill: each keeps a thread for seconds, and who may ask for
one may ask for many. Together they never get all threads, and nobody gets all places.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Full(Exception):
    """There is no place. `own`: there is none for this person; others may find one."""

    def __init__(self, most: int, *, own: bool) -> None:
        super().__init__(most)
        self.most = most
        self.own = own


class Places:
    """At most `most` of them, and `each` for one person. Used by any number of threads.

    `within`: places in which these are counted, too.
    """

    def __init__(self, most: int, each: int, within: Places | None = None) -> None:
        self.most = most
        self.each = each
        self._within = within
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def open(self) -> int:
        """How many are taken."""
        with self._lock:
            return self._taken.total()

    def take(self, who: str) -> None:
        """Take one; it must be given back. Raises Full."""
        with self._lock:
            if self._taken[who] >= self.each:
                raise Full(self.each, own=True)
            if self._taken.total() >= self.most:
                raise Full(self.most, own=False)
            if self._within is not None:
                self._within.take(who)
            self._taken[who] += 1

    def give_back(self, who: str) -> None:
        """It is free for somebody else."""
        with self._lock:
            self._taken[who] -= 1
            self._taken += Counter()  # who has none is forgotten
        if self._within is not None:
            self._within.give_back(who)

    @contextmanager
    def held(self, who: str) -> Iterator[None]:
        """One, while the block runs. Raises Full."""
        self.take(who)
        try:
            yield
        finally:
            self.give_back(who)


@dataclass(frozen=True)
class Budget:
    """The threads of a server, shared out."""

    streams: Places
    """That go on until their client goes away."""
    long: Places
    """Requests that take seconds: tests, retries by filter, backfills, backtests."""

    @classmethod
    def of(cls, threads: int) -> Budget:
        """A quarter of the threads, and one at least, waits for nothing; half of them may stream.

        Nobody has more than half of the streams, or a third of what is left to wait with; one of each in any case.
        """
        most = threads - max(1, threads // 4)
        every = Places(most, most)
        streams = max(1, threads // 2)
        return cls(Places(streams, max(1, streams // 2), every), Places(most, max(1, most // 3), every))
