"""How fast deliveries are made, for the line that `systemctl status` shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EVERY = 10.0
"""Seconds between two looks, over which rates are averaged."""
MADE = "X_PULP_EVENTS_MADE"
"""How a worker of a pool tells it what it made: systemd passes over what begins with `X_`."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a process has made of deliveries since it began."""

    delivered: int = 0
    failed: int = 0
    """Attempts that did not deliver."""
    in_flight: int = 0
    """Deliveries that it holds now."""

    def __str__(self) -> str:
        return f"{self.delivered} {self.failed} {self.in_flight}"

    @classmethod
    def read(cls, text: str) -> Made | None:
        """What `str` wrote; None if it is something else."""
        words = text.split()
        return cls(*map(int, words)) if len(words) == 3 and all(each.isdecimal() for each in words) else None


class Pace:
    """Rates, from what each process says it has made in all. One that begins again counts from 0 again."""

    def __init__(self, now: float) -> None:
        """`now`: monotonic seconds, here and below."""
        self._since = now
        self._last: dict[int, Made] = {}
        self._delivered = self._failed = 0

    def add(self, pid: int, made: Made) -> None:
        """What a process said."""
        before = self._last.get(pid, Made())
        if made.delivered < before.delivered or made.failed < before.failed:
            before = Made()
        self._delivered += made.delivered - before.delivered
        self._failed += made.failed - before.failed
        self._last[pid] = made

    def is_due(self, now: float) -> bool:
        """Whether it is time for `status`."""
        return now - self._since >= EVERY

    def status(self, now: float, pids: Iterable[int]) -> str:
        """Rates since the last call, and the processes, in a line."""
        self._last = {pid: self._last[pid] for pid in pids if pid in self._last}
        seconds = max(now - self._since, 0.001)
        delivered, failed = self._delivered / seconds, self._failed / seconds
        self._since, self._delivered, self._failed = now, 0, 0
        held = sum(each.in_flight for each in self._last.values())
        names = ", ".join(map(str, pids))
        return (
            f"delivering {delivered:.1f}/s, failing {failed:.1f}/s, {held} under way; "
            f"process{'es' if ',' in names else ''} {names}"
        )
