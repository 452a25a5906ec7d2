"""`Backoff`: when a broker that could not be reached is tried again. Pure: time and dice are arguments."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

FIRST = 0.1
"""Seconds after the first failure."""

JITTER = 0.2
"""A pause is longer or shorter by up to this part of it, so that the processes of a site do not come all at once."""


@dataclass
class Backoff:
    """Pauses between attempts to connect; `dice` is the source of randomness."""

    longest: float
    """Seconds at the most; every failure doubles the pause up to here."""

    dice: random.Random = field(default_factory=random.Random)
    failures: int = 0
    """In a row, since the last success."""

    not_before: float = 0.0
    """Moment from which on the next attempt is made; of the clock whose `now` is given."""

    def failed(self, now: float) -> None:
        """An attempt failed."""
        pause = min(FIRST * 2 ** min(self.failures, 20), self.longest)
        self.failures += 1
        self.not_before = now + pause * self.dice.uniform(1 - JITTER, 1 + JITTER)

    def succeeded(self) -> None:
        """There is a connection."""
        self.failures = 0
        self.not_before = 0.0

    def remaining(self, now: float) -> float:
        """Seconds until the next attempt."""
        return max(0.0, self.not_before - now)
