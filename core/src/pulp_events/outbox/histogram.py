"""`Histogram`: how values of seconds are distributed, counted in buckets whose limits grow by a constant factor.

Like a native histogram of Prometheus with schema 2: bucket i holds what is above 2**((i - 1) / 4) and at most
2**(i / 4) seconds. Histograms can be added, take the same room however many values they hold, and their quantiles are
off by at most 9.1 %.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BUCKETS_PER_OCTAVE = 4
"""Buckets in which the limit doubles."""
FIRST, LAST = -53, 84
"""The buckets that there are: the first has all up to 0.1 ms, the last all above 20 days."""
ERROR = 2 ** (0.5 / BUCKETS_PER_OCTAVE) - 1
"""By how much a quantile between them may be off, as a share of it: 9.1 %."""


_LIMITS = [2.0 ** (bucket / BUCKETS_PER_OCTAVE) for bucket in range(FIRST, LAST)]


def bucket_of(seconds: float) -> int:
    """The number of the bucket that has this many seconds; those below 0, which a clock that was set makes, count as
    0."""
    return FIRST + bisect_left(_LIMITS, seconds) if seconds > 0 else FIRST


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values each bucket has."""

    counts: Mapping[int, int] = field(default_factory=dict)
    """Number of the bucket → how many; those that have none are left out."""

    @property
    def count(self) -> int:
        """All values."""
        return sum(self.counts.values())

    def quantile(self, share: float) -> float | None:
        """The seconds that so large a share of the values (0 to 1) does not exceed, to within `ERROR`; None if there is
        no value."""
        left = self.count * share
        for bucket in sorted(self.counts):
            left -= self.counts[bucket]
            if left <= 0:
                return float(2.0 ** ((bucket - 0.5) / BUCKETS_PER_OCTAVE))
        return None

    def __add__(self, other: Histogram) -> Histogram:
        return added((self, other))


def added(histograms: Iterable[Histogram]) -> Histogram:
    """The values of all of them."""
    total: Counter[int] = Counter()
    for each in histograms:
        if each.counts:  # of many listeners, few did something
            total.update(each.counts)
    return Histogram(dict(total))
