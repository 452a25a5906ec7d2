"""The chart of what was delivered and failed: numbers for an SVG of the template, without script or style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pulp_events.outbox.activity import Point

WIDTH, HEIGHT, GAP = 720, 120, 2
"""Of the view box."""


@dataclass(frozen=True)
class Bar:
    """One piece of time. `top`: of the failed part; the delivered part stands below it."""

    start: datetime
    delivered: int
    failed: int
    x: float
    width: float
    delivered_y: float
    delivered_height: float
    failed_y: float
    failed_height: float


@dataclass(frozen=True)
class Chart:
    """All pieces."""

    bars: Sequence[Bar]
    most: int
    """Of one piece, delivered and failed."""
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def empty(self) -> bool:
        """Nothing happened."""
        return self.most == 0


def chart(points: Sequence[Point]) -> Chart:
    """Bars, the tallest as high as the chart."""
    most = max((point.delivered + point.failed for point in points), default=0)
    step = WIDTH / max(1, len(points))
    bars = []
    for index, point in enumerate(points):
        good, bad = (_height(count, most) for count in (point.delivered, point.failed))
        bars.append(
            Bar(
                point.start, point.delivered, point.failed, round(index * step + GAP / 2, 2), round(step - GAP, 2),
                round(HEIGHT - good, 2), good, round(HEIGHT - good - bad, 2), bad,
            )
        )  # fmt: skip
    return Chart(bars, most)


def _height(count: int, most: int) -> float:
    """At least two pixels for what there is."""
    return max(2.0, round((HEIGHT - 2) * count / most, 2)) if count else 0.0
