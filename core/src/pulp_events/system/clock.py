"""Time as a dependency: whatever needs the time is handed a `Clock`."""

from __future__ import annotations

import time as _time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Readings of time, in seconds."""

    def time(self) -> float:
        """Wall clock, seconds since 1970-01-01 UTC; may jump."""

    def monotonic(self) -> float:
        """Never steps back, and is the same for all processes of this machine since its start; stands still while the
        machine sleeps."""

    def boottime(self) -> float:
        """As `monotonic`, and goes on while the machine sleeps."""


_BOOTTIME: int = getattr(_time, "CLOCK_BOOTTIME", _time.CLOCK_MONOTONIC)


class SystemClock:
    """The machine's own clocks."""

    time = staticmethod(_time.time)
    monotonic = staticmethod(_time.monotonic)

    def boottime(self) -> float:
        """Where the system has no such clock, sleep cannot be told from a clock that was set."""
        return _time.clock_gettime(_BOOTTIME)


def from_timestamp(seconds: float) -> datetime:
    """An aware UTC datetime for seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC)


def iso_z(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`, as event reports write times: `2012-10-19T19:09:16Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
