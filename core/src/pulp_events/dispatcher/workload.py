"""How many threads are worth their while: as many as wait for endpoints, while the processor has time to spare."""

from __future__ import annotations

import time

FEW = 4
"""Threads that may always be at work, those that hang not counted."""
BUSY = 0.85
"""Part of one processor's time from which on more threads would only compete for the interpreter."""
LEAST_SPAN = 0.008
"""Seconds over which the use of the processor is measured."""


class Workload:
    """Looks at the processor and at what gets done, each time that work waits for a thread."""

    def __init__(self, most: int) -> None:
        self._most = most + most // 8  # what went over its share while it was under way does not count
        self.wanted: int = FEW
        self._finished = -1
        self._wall = time.monotonic()
        self._cpu = time.process_time()

    def falls_behind(self, waiting: int, at_work: int, finished: int) -> bool:
        """True if those at work do not keep up: nothing was finished since the last time, or many wait.

        `waiting`: listeners that wait for a thread; `at_work`: turns that are; `finished`: turns that ended so far.
        """
        was, self._finished = self._finished, finished
        return finished == was or waiting > max(FEW, at_work // 2)

    def threads_wanted(self, waits: bool, at_work: int, stuck: int) -> int:
        """How many threads are to be at work. `waits`: work waits for one; `at_work`, `stuck`: how many are, and of
        these, at one step for long."""
        wall, cpu = time.monotonic(), time.process_time()
        if wall - self._wall < LEAST_SPAN:
            return self.wanted
        use = (cpu - self._cpu) / (wall - self._wall)
        self._wall, self._cpu = wall, cpu
        if use > BUSY:
            self.wanted = max(FEW, min(self.wanted, at_work) - 1)
        elif waits and at_work >= self.wanted - 1:
            self.wanted += max(2, self.wanted // 2)
        self.wanted = min(max(self.wanted, stuck + FEW), self._most)
        return self.wanted
