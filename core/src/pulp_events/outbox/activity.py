"""What happened to deliveries in a span of time, by listener, notifier type or event type.

A store counts it while it records: for each listener and event type, in pieces of time that become longer the older
they are. So the answer takes the same time however many deliveries are kept, and tells of those that were deleted, too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pulp_events.outbox.histogram import Histogram, added
from pulp_events.outbox.states import DAY, TRANSITIONS, Outcome, Transition, Word

MINUTE, HOUR = 60.0, 3600.0

KEPT: Mapping[float, float] = {MINUTE: 2 * HOUR, HOUR: 3 * DAY, DAY: 90 * DAY}
"""Length of a piece of time → seconds for which there are such pieces; then they become one of the next length."""


class By(Word):
    """What the figures of activity are kept apart by."""

    LISTENER = "listener"
    """the id of a listener"""

    NOTIFIER = "notifier"
    """the notifier type of the listener; empty for listeners that were deleted"""

    EVENT_TYPE = "event-type"
    """the type of the event"""


GIVEN_UP = tuple(
    each
    for each, way in TRANSITIONS.items()
    if way.enters.failed and way.leaves is not None and each != Transition.GIVE_UP
)
"""What ends a delivery without an attempt, and without success."""


@dataclass(frozen=True, slots=True)
class Point:
    """What happened in one piece of time."""

    start: datetime
    delivered: int = 0
    failed: int = 0
    """Attempts that did not deliver."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What happened to some deliveries within a span of time, and what waits now."""

    attempts: Mapping[Outcome, int] = field(default_factory=dict)
    """How the attempts that were recorded ended; outcomes that none had are left out."""
    ended: Mapping[Transition, int] = field(default_factory=dict)
    """How many deliveries were given up, and how; ways that none went are left out."""
    seconds: Histogram = field(default_factory=Histogram)
    """How long the attempts took, except those that were lost."""
    delay: Histogram = field(default_factory=Histogram)
    """Seconds from the event to the end of the attempt that delivered it, of the deliveries made in this span."""
    series: Sequence[Point] = ()
    """Piece by piece, the oldest first, those without anything too; each has the length `Span.step`."""
    pending: int = 0
    """Deliveries that wait or are under way now."""
    under_way: int = 0
    """How many of them are being attempted now."""
    oldest_pending: datetime | None = None
    """Time of the oldest event with one of them; None if nothing is pending."""
    last_ahead: int = 0
    """Attempts that failed, and after which a delivery had only one left."""

    @property
    def delivered(self) -> int:
        """Deliveries that were made."""
        return self.delay.count

    @property
    def failed(self) -> int:
        """Attempts that did not deliver."""
        return sum(count for outcome, count in self.attempts.items() if outcome != Outcome.DELIVERED)

    @property
    def dead(self) -> int:
        """Deliveries that were given up after an attempt."""
        return self.ended.get(Transition.GIVE_UP, 0)

    @property
    def discarded(self) -> int:
        """Deliveries that were given up without one: discarded, expired, erased, or their listener was deleted."""
        return sum(self.ended.get(each, 0) for each in GIVEN_UP)

    @property
    def failing(self) -> float:
        """The share of the attempts that failed, 0 to 1; 0 if there were none."""
        total = sum(self.attempts.values())
        return self.failed / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, which begins and ends between two pieces of it."""

    since: datetime
    """Rounded down."""
    until: datetime
    """Rounded up, but not beyond now."""
    step: float
    """Seconds of one piece: a minute, an hour or a day, whatever is still known of `since`."""
    pieces: int
    """How many of them; the last one may be that which is not over."""

    @property
    def bounds(self) -> tuple[float, float]:
        """The beginning of the first piece and the end of the last, in seconds since the epoch."""
        begin = self.since.timestamp()
        return begin, begin + self.pieces * self.step

    @property
    def seconds(self) -> float:
        """Its length."""
        return max(0.0, (self.until - self.since).total_seconds())


@dataclass(frozen=True, slots=True)
class Activities:
    """What `Deliveries.stats` says of a span of time."""

    span: Span
    """What was asked for, rounded to whole pieces."""
    by: By
    """What `groups` has one entry for each of."""
    groups: Mapping[str, Activity]
    """For each listener id, notifier type or event type with anything in it."""
    total: Activity
    """All groups together."""


def grain(since: float, now: float) -> float:
    """The length of the pieces in which everything since then is still known; the longest for what is older."""
    return next((length for length, kept in KEPT.items() if now - since <= kept), DAY)


def floor(moment: float, length: float) -> float:
    """The beginning of the piece of time that has this moment."""
    return math.floor(moment / length) * length


def merged(activities: Iterable[Activity]) -> Activity:
    """The sum of some; their series have the same pieces."""
    them = list(activities)
    attempts: Counter[Outcome] = Counter()
    ended: Counter[Transition] = Counter()
    for each in them:
        if each.attempts:
            attempts.update(each.attempts)
        if each.ended:
            ended.update(each.ended)
    # Of many listeners, few did something: the others have one series together, which is looked at once.
    often = Counter(id(each.series) for each in them)
    several = {id(each.series): each.series for each in them if each.series}
    weights = [often[key] for key in several]
    series = [
        Point(
            points[0].start,
            sum(one.delivered * weight for one, weight in zip(points, weights, strict=True)),
            sum(one.failed * weight for one, weight in zip(points, weights, strict=True)),
        )
        for points in zip(*several.values(), strict=True)
    ]
    return Activity(
        dict(attempts),
        dict(ended),
        added(each.seconds for each in them),
        added(each.delay for each in them),
        series,
        sum(each.pending for each in them),
        sum(each.under_way for each in them),
        min((each.oldest_pending for each in them if each.oldest_pending), default=None),
        sum(each.last_ahead for each in them),
    )
