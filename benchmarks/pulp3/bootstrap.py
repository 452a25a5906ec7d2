"""How sure a comparison of two medians is: the percentile bootstrap (Efron 1979), over pairs measured in turn."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence

RESAMPLES = 4000


def interval(
    pairs: Sequence[tuple[float, float]], figure: Callable[[float, float], float], seed: int = 1
) -> tuple[float, float, float]:
    """`figure` of the two medians, and the ends of its 95 % interval.

    >>> interval([(2.0, 1.0)] * 5, lambda ours, peer: ours / peer)
    (2.0, 2.0, 2.0)
    """
    dice = random.Random(seed)

    def of(chosen: Sequence[tuple[float, float]]) -> float:
        return figure(statistics.median(each for each, _ in chosen), statistics.median(each for _, each in chosen))

    found = sorted(of(dice.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    return of(pairs), found[int(RESAMPLES * 0.025)], found[int(RESAMPLES * 0.975) - 1]
