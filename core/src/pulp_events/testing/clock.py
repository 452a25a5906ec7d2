"""`FakeClock`: time that passes when a test says so."""

from __future__ import annotations


class FakeClock:
    """A `Clock` that stands still.

    `advance` lets time pass; `sleep` lets it pass while the machine is suspended; `jump` sets the wall clock, as an
    operator does.
    """

    def __init__(self, wall: float = 1_700_000_000.0, monotonic: float = 1000.0) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._slept = 0.0

    def time(self) -> float:
        """Wall clock, seconds since the epoch."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since the machine started, not counting suspension."""
        return self._monotonic

    def boottime(self) -> float:
        """Seconds since the machine started, including suspension."""
        return self._monotonic + self._slept

    def sleep(self, seconds: float) -> None:
        """Let time pass while no process runs."""
        self._wall += seconds
        self._slept += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._wall += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, or back if negative; no time passes."""
        self._wall += seconds
