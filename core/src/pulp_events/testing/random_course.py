"""Whether somebody seeded the random numbers of the process, as opposed to drawing from them, which anybody may."""

from __future__ import annotations

import random
from typing import Any

WORDS = 624
"""The Mersenne Twister makes so many numbers of 32 bits at a time."""
FURTHEST = 1000
"""Blocks of numbers that may have been drawn since the last look; more of them count as a seeding."""


class RandomCourse:
    """Follows the generator that `random` has for the whole process; `seeded`: how often it was put elsewhere."""

    def __init__(self) -> None:
        self.seeded = 0
        self._last = random.getstate()

    def look(self) -> int:
        """How often it was seeded so far, as far as that was looked at."""
        now = random.getstate()
        if not _leads_to(self._last, now):
            self.seeded += 1
        self._last = now
        return self.seeded


def _leads_to(last: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    """Whether drawing from the one state leads to the other."""
    generator = random.Random()  # noqa: S311  # it follows another
    generator.setstate(last)
    wanted = now[1][:WORDS]
    for _ in range(FURTHEST):
        if generator.getstate()[1][:WORDS] == wanted:
            return True
        generator.getrandbits(32 * WORDS)
    return False
