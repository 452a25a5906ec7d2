"""Rates: how often a listener may be attempted. Pure; both stores go by it.

A bucket of tokens is kept as one moment, `spent_until`: up to then the tokens taken so far last (the virtual scheduling
algorithm of ITU-T I.371, Annex A). So nothing has to be filled up, and a clock that is set does little: forward, the
bucket is full; back, it is empty, and as much is waited for as ever (`credible`).

An attempt takes a token. The bucket holds one, and what comes in SLACK seconds: that much a claim may come late without
loss, and no more leaves at once. A token lasts for SLACK seconds, too (`Rate.lasts`): what begins later, as a channel
had to be opened or no thread was free, takes another, and the old one is lost. Otherwise whatever waited would begin at
once when the wait is over. Within any second of a rate of 100 a second, that is 111 at the most.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from pulp_events.system.rate_text import PATTERN as PATTERN

SLACK = 0.05
"""Seconds by which claims may come late without making the listener slower than its rate."""
MOST = 100_000
"""Attempts a second that a rate may allow: more than any store can."""
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_ROUNDING = 1e-6
"""Seconds: what times of this century lose as floating point numbers, and some more."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many attempts in so many seconds."""

    attempts: int
    seconds: float

    @classmethod
    def of(cls, text: str) -> Rate:
        """From text such as `10/s`, `100/m` or `1000/h`; raises ValueError.

        >>> Rate.of("100/m")
        Rate(attempts=100, seconds=60.0)
        """
        if not re.match(PATTERN, text):
            raise ValueError(f"{text!r:.60} is not a rate; write for example 10/s, 100/m, 1000/h or 5000/d")
        attempts, _, unit = text.partition("/")
        found = cls(int(attempts), _UNITS[unit])
        if found.each * MOST < 1 - _ROUNDING:
            raise ValueError(f"{text} is more than {MOST} a second; leave the rate out")
        return found

    @property
    def each(self) -> float:
        """Seconds from one to the next."""
        return self.seconds / self.attempts

    @property
    def lasts(self) -> float:
        """Seconds within which an attempt is to begin once its token was taken.

        At a slow rate they are more, as another token is long in coming: so many that the next attempt is still more
        than a second away.
        """
        return max(SLACK, min(self.each / 2, self.each - 1.0 - 2 * SLACK))


def credible(spent_until: float, each: float, now: float) -> float:
    """What a bucket holds that may be of another time: where more was taken than there can have been, the clock was set
    back or the rate raised, and it is empty. To be stored then, even if nothing is taken: time must count from here."""
    return min(spent_until, now + SLACK + each)


def tokens(spent_until: float, each: float, now: float) -> int:
    """How many may be taken."""
    room = now + SLACK + _ROUNDING - max(spent_until, now)
    return 0 if room < 0 else math.floor(room / each) + 1


def taken(spent_until: float, each: float, now: float, count: int) -> float:
    """`spent_until` after that many were taken."""
    return max(spent_until, now) + count * each


def wait_for_more(spent_until: float, each: float, now: float) -> float:
    """Seconds until it is worth taking some: until the bucket is half full, as a claim for each would be costly."""
    half = math.floor(SLACK / 2 / each) * each
    return max(0.0, max(spent_until, now) + half - SLACK - now)
