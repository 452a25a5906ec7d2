"""`FakeClock`: time that passes when a test says so."""

from __future__ import annotations


class FakeClock:
    """A `Clock` that stands still. `advance` lets time pass; `jump` sets the wall clock, as an operator does."""

    def __init__(self, wall: float = 1_700_000_000.0, monotonic: float = 1000.0) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def time(self) -> float:
        """Wall clock, seconds since the epoch."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since the machine started."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass on both clocks."""
        self._wall += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward, or back if negative; no time passes."""
        self._wall += seconds
