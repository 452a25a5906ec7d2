"""Which listeners may have something to claim, and when. Time is an argument."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Generic, TypeVar

Line = TypeVar("Line")

_FEW = 64
"""Moments that may have been overtaken before they are cleared away: a busy listener makes one with each claim."""


class Agenda(Generic[Line]):
    """Listeners stand in lines, first come first served. An entry is a reason to look, not a promise to find.

    `line_of(listener_id)` says in which line one is to stand.
    """

    def __init__(self, lines: Iterable[Line], line_of: Callable[[str], Line]) -> None:
        self._line_of = line_of
        self._lines: dict[Line, dict[str, None]] = {line: {} for line in lines}
        self._now: dict[str, Line] = {}
        self._later: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def now(self, listener_ids: Iterable[str]) -> None:
        """These may have something due; those that stand in a line already keep their place."""
        for listener_id in listener_ids:
            if listener_id not in self._now:
                self._later.pop(listener_id, None)
                line = self._now[listener_id] = self._line_of(listener_id)
                self._lines[line][listener_id] = None

    def moved(self, listener_id: str) -> None:
        """It stands in the line that is its own now, if it stands in any: at the end, if that is another one."""
        before = self._now.get(listener_id)
        if before is not None and (line := self._line_of(listener_id)) != before:
            del self._lines[before][listener_id]
            self._lines[line][listener_id] = None
            self._now[listener_id] = line

    def later(self, listener_id: str, at: float) -> None:
        """It may have something due at that moment, if not before."""
        if listener_id not in self._now and at < self._later.get(listener_id, float("inf")):
            self._later[listener_id] = at
            heapq.heappush(self._heap, (at, listener_id))
            if len(self._heap) > 2 * len(self._later) + _FEW:
                self._heap = [(moment, waiting) for waiting, moment in self._later.items()]
                heapq.heapify(self._heap)

    def waits_in(self, line: Line) -> bool:
        """True if anybody stands in this line."""
        return bool(self._lines[line])

    @property
    def is_empty(self) -> bool:
        """True if nobody stands in any line."""
        return not self._now

    def count(self, line: Line) -> int:
        """How many stand in this line."""
        return len(self._lines[line])

    def take(self, line: Line, count: int) -> list[str]:
        """The first ones of a line, at most `count`; they are on the agenda no more."""
        standing = self._lines[line]
        taken = list(islice(standing, count))
        for listener_id in taken:
            del standing[listener_id]
            del self._now[listener_id]
        return taken

    def advance(self, now: float) -> None:
        """Let those stand in line whose moment has come."""
        while self._heap and self._heap[0][0] <= now:
            at, listener_id = heapq.heappop(self._heap)
            if self._later.get(listener_id) == at:
                self.now((listener_id,))

    @property
    def soonest(self) -> float:
        """When the next one of those that wait is due; infinity if none is."""
        while self._heap and self._later.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else float("inf")
