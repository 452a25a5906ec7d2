"""How many threads listeners may keep, by their speed. Pure counting; the caller holds its lock."""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events.dispatcher.lines import QUICK, SILENT, SLOW, UNTRIED, Speed

FOR_UNTRIED = 0.875
"""Part of all threads that listeners which did not answer quickly may have together: the rest is for quick ones."""
FOR_SLOW = 0.625
"""Part that those may have which are known to be slow or silent: the rest is for those that nothing is known of."""
FOR_SILENT = 0.375
"""Part that those may have which did not answer at all, so that one that answers slowly does not wait for them."""


NOBODY = [0] * len(Speed)


class Shares:
    """Of at most `most` attempts under way."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._untried, self._slow, self._silent = (
            max(1, int(most * part)) for part in (FOR_UNTRIED, FOR_SLOW, FOR_SILENT)
        )
        self.busy: list[int] = [0] * len(Speed)

    def room(self, speed: Speed, before: Sequence[int] = NOBODY) -> int:
        """How many more of this speed may begin, after so many of each speed that are to begin first."""
        busy = [under_way + more for under_way, more in zip(self.busy, self._next(speed, before), strict=True)]
        room = self.most - self._taken(busy)
        if speed is not QUICK:
            room = min(room, self._untried - sum(busy[UNTRIED:]))
        if speed >= SLOW:
            room = min(room, self._slow - sum(busy[SLOW:]))
        if speed is SILENT:
            room = min(room, self._silent - busy[SILENT])
        return max(0, room)

    def _taken(self, busy: Sequence[int]) -> int:
        """Of these, all but those by which the others went over their share meanwhile."""
        others = sum(busy[UNTRIED:])
        return busy[QUICK] + min(others, max(self._untried, others - (self.most - self._untried)))

    def _next(self, speed: Speed, before: Sequence[int]) -> Sequence[int]:
        """Of those before, the ones that may begin by their own share: the others keep nobody of another speed."""
        slow, silent = before[SLOW], before[SILENT]
        if speed is not SILENT:
            silent = min(silent, max(0, self._silent - self.busy[SILENT]))
        if speed is not SLOW:
            slow = min(slow, max(0, self._slow - sum(self.busy[SLOW:]) - silent))
        return (before[QUICK], before[UNTRIED], slow, silent)

    def begin(self, speed: Speed) -> None:
        """One begins."""
        self.busy[speed] += 1

    def end(self, speed: Speed) -> None:
        """One has ended."""
        self.busy[speed] -= 1
