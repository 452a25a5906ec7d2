"""Keeps leases and retries in place when the wall clock is set."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from pulp_events.clock import Clock

TOLERANCE = 2.0
"""Seconds: smaller steps, as a time daemon makes them, are ignored."""


def boot_id() -> str:
    """Names this start of this machine; empty where the system does not tell, and then jumps are not corrected."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


class ClockJumps:
    """Notices that wall clock and monotonic clock drifted apart, and moves the moments that the outbox holds.

    `ready_at` is wall-clock time. When an operator, or a daemon, sets the clock by an hour, leases would end at once
    (and deliveries be made twice) or retries wait an hour longer. All processes of a machine share its monotonic
    clock, so the difference of the two, kept in the database, tells any of them whether another has mended it already.
    """

    def __init__(self, clock: Clock, boot: str | None = None) -> None:
        self._clock = clock
        self._boot = boot_id() if boot is None else boot
        self._known: float | None = None

    def noticed(self) -> bool:
        """True if `correct` should be run: at the first call, and after a jump."""
        return bool(self._boot) and (self._known is None or abs(self._difference() - self._known) > TOLERANCE)

    def correct(self, connection: sqlite3.Connection) -> None:
        """Move every lease and retry by the jump, unless another process has done so."""
        now = self._difference()
        stored = dict(
            connection.execute("SELECT key, value FROM pulp_outbox_meta WHERE key IN ('boot_id', 'clock_difference')")
        )
        if stored.get("boot_id") == self._boot:
            jump = now - float(stored["clock_difference"])
            if abs(jump) <= TOLERANCE:
                self._known = float(stored["clock_difference"])
                return
            connection.execute(
                "UPDATE pulp_delivery SET ready_at = max(ready_at + ?, 1) WHERE state = 'pending' AND ready_at > 0",
                (jump,),
            )
        connection.executemany(
            "INSERT OR REPLACE INTO pulp_outbox_meta VALUES (?, ?)",
            [("boot_id", self._boot), ("clock_difference", now)],
        )
        self._known = now

    def _difference(self) -> float:
        return self._clock.time() - self._clock.monotonic()
