"""How the workers of a pool do, from what they report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pulp_events.fields import format_duration
from pulp_events.system import sd_notify
from pulp_events.worker.pace import MADE, Made, Pace
from pulp_events.worker.reports import Reports

SLACK = 1.2
"""How much longer than its interval a worker may be silent: the pool hears it a moment later."""

_SIGNS_OF_LIFE = ("READY", "RELOADING", "STOPPING", "WATCHDOG", sd_notify.WATCHDOG)
"""A status is none: the main thread of a worker whose dispatcher hangs still has one to tell."""


class PoolHealth:
    """Who is ready, who is awaited, who was silent for too long."""

    def __init__(self, reports: Reports, monotonic: Callable[[], float], interval: float, start_limit: float) -> None:
        """`interval`: as of `reports`. `start_limit`: how long a worker may take until its first sign of life.

        Both in seconds.
        """
        self._reports = reports
        self._monotonic = monotonic
        self._interval = interval
        self._start_limit = start_limit
        self._ready: set[int] = set()
        self._awaited: set[int] | None = None
        self._until: dict[int, float] = {}
        self._heard: set[int] = set()
        self._pace = Pace(monotonic())
        self.has_begun = False
        """Whether all of them were ready once."""

    def wait_for(self, pids: Iterable[int]) -> None:
        """These are to report that they are ready; `all_ready` is then true once."""
        self._awaited = set(pids)
        self._ready -= self._awaited

    def read_reports(self, pids: Iterable[int]) -> None:
        """Read what came. `pids`: of those that are alive."""
        alive = set(pids)
        for pid, said in self._reports.read():
            if pid not in alive:
                continue
            if said.get("READY") == "1":
                self._ready.add(pid)
            if (made := Made.read(said.get(MADE, ""))) is not None:
                self._pace.add(pid, made)
            if any(key in said for key in _SIGNS_OF_LIFE):
                allowed = said.get(sd_notify.WATCHDOG, "")
                seconds = int(allowed) / 1e6 if allowed.isdigit() else self._interval
                self._until[pid] = self._monotonic() + seconds * SLACK
                self._heard.add(pid)
        self._ready &= alive
        self._heard &= alive
        unheard = self._monotonic() + self._start_limit
        self._until = {pid: self._until.get(pid, unheard) for pid in alive}
        if self._awaited is not None:
            self._awaited &= alive

    def all_ready(self) -> bool:
        """True once when those that were awaited are ready, or dead, and one at least is ready."""
        if self._awaited is None or not self._ready or not self._awaited <= self._ready:
            return False
        self._awaited = None
        self.has_begun = True
        return True

    def status(self, pids: Iterable[int]) -> str | None:
        """What they make together, in a line, when it is time to say so. `pids`: of those that are alive."""
        now = self._monotonic()
        return self._pace.status(now, [*pids]) if self._pace.is_due(now) else None

    def silent(self) -> Mapping[int, str]:
        """Workers that said nothing for longer than the watchdog, or their start, allows; and what to say of each."""
        now = self._monotonic()
        slow = f"was not ready within {format_duration(self._start_limit)}"
        late = [pid for pid, until in self._until.items() if now > until]
        return {pid: "gave no sign of life" if pid in self._heard else slow for pid in late}
