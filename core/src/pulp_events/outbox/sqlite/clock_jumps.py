"""Keeps leases and retries in place when the wall clock is set, and leases when the machine sleeps."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.system.clock import Clock

TOLERANCE = 2.0
"""Seconds: smaller steps, as a time daemon makes them, are ignored."""


_MOVE = f"UPDATE pulp_delivery SET ready_at = max(ready_at + ?, 1) WHERE {PENDING} AND ready_at > 0"


def boot_id() -> str:
    """Names this start of this machine; empty where the system does not tell, and then jumps are not corrected."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class _Drift:
    """How far the clocks are apart."""

    wall: float
    """Wall clock less boot time: changes when the wall clock is set."""
    slept: float
    """Boot time less monotonic: the seconds that the machine slept."""

    def is_near(self, other: _Drift) -> bool:
        return abs(self.wall - other.wall) <= TOLERANCE and abs(self.slept - other.slept) <= TOLERANCE


class ClockJumps:
    """Notices that the clocks drifted apart, and moves the moments that the outbox holds.

    `ready_at` is wall-clock time. When an operator, or a daemon, sets the clock by an hour, leases would end at once
    (and deliveries be made twice) or retries wait an hour longer: both are moved. When the machine was asleep, retries
    that became due are due, but leases are moved, as nobody could extend them. All processes of a machine share these
    clocks, so how far they were apart, kept in the database, tells any of them what another has corrected already.
    """

    def __init__(self, clock: Clock, boot: str | None = None) -> None:
        self._clock = clock
        self._boottime = getattr(clock, "boottime", clock.monotonic)  # a clock of somebody's tests may not have it
        self._boot = boot_id() if boot is None else boot
        self._known: _Drift | None = None

    def noticed(self) -> bool:
        """True if `correct` should be run: at the first call, and after a jump or sleep."""
        return bool(self._boot) and (self._known is None or not self._drift().is_near(self._known))

    def correct(self, connection: sqlite3.Connection) -> None:
        """Move leases and retries by the jump, and leases by the sleep, unless another process has done so."""
        now = self._drift()
        stored = dict(
            connection.execute(
                "SELECT key, value FROM pulp_outbox_meta WHERE key IN ('boot_id', 'clock_drift', 'slept')"
            )
        )
        if stored.get("boot_id") == self._boot and "clock_drift" in stored:
            before = _Drift(float(stored["clock_drift"]), float(stored["slept"]))
            if now.is_near(before):
                self._known = before
                return
            if abs(jump := now.wall - before.wall) > TOLERANCE:
                connection.execute(_MOVE, (jump,))
            if (slept := now.slept - before.slept) > TOLERANCE:
                connection.execute(f"{_MOVE} AND lease IS NOT NULL", (slept,))
        connection.executemany(
            "INSERT OR REPLACE INTO pulp_outbox_meta VALUES (?, ?)",
            [("boot_id", self._boot), ("clock_drift", now.wall), ("slept", now.slept)],
        )
        self._known = now

    def _drift(self) -> _Drift:
        wall, boottime, monotonic = self._clock.time(), self._boottime(), self._clock.monotonic()
        return _Drift(wall - boottime, boottime - monotonic)
