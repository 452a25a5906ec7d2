"""How many threads listeners may keep, by their speed. Pure counting; the caller holds its lock."""

from __future__ import annotations

from pulp_events.dispatcher.speed import QUICK, SLOW, UNTRIED, Speed

FOR_UNTRIED = 0.875
"""Part of all threads that listeners which did not answer quickly may have together: the rest is for quick ones."""
FOR_SLOW = 0.5
"""Part that those may have which are known to be slow, or to hang."""


class Shares:
    """Of at most `most` attempts under way."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._untried = max(1, int(most * FOR_UNTRIED))
        self._slow = max(1, int(most * FOR_SLOW))
        self.busy = [0, 0, 0]

    @property
    def taken(self) -> int:
        """Attempts under way; those by which the others went over their share meanwhile do not count."""
        others = self.busy[UNTRIED] + self.busy[SLOW]
        return self.busy[QUICK] + min(others, max(self._untried, others - (self.most - self._untried)))

    def room(self, speed: Speed) -> int:
        """How many more of this speed may begin."""
        room = self.most - self.taken
        if speed is not QUICK:
            room = min(room, self._untried - self.busy[UNTRIED] - self.busy[SLOW])
        if speed is SLOW:
            room = min(room, self._slow - self.busy[SLOW])
        return max(0, room)

    def begin(self, speed: Speed) -> None:
        """One begins."""
        self.busy[speed] += 1

    def end(self, speed: Speed) -> None:
        """One has ended."""
        self.busy[speed] -= 1
