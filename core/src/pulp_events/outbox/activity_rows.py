"""Rows of what an SQL database counted as records. No SQL here: see `rows`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pulp_events.outbox.activity import Activities, Activity, By, Point, Span, floor, grain, merged
from pulp_events.outbox.happened import DELAY, LAST_AHEAD, SECONDS
from pulp_events.outbox.histogram import Histogram
from pulp_events.outbox.rows import from_rows
from pulp_events.outbox.states import Outcome, Transition
from pulp_events.system.clock import from_timestamp

FAILED = tuple(each for each in Outcome if each != Outcome.DELIVERED)
_OUTCOMES: dict[str, Outcome] = {each.value: each for each in Outcome}
_TRANSITIONS: dict[str, Transition] = {each.value: each for each in Transition}


def span_of(since: datetime, until: datetime | None, now: float) -> Span:
    """The span between pieces of time that covers what is asked for."""
    length = grain(since.timestamp(), now)
    begin, after = floor(since.timestamp(), length), floor(now, length) + length
    if until is not None:
        after = min(after, math.ceil(until.timestamp() / length) * length)
    pieces = max(0, round((after - begin) / length))
    return Span(from_timestamp(begin), from_timestamp(max(begin, min(after, now))), length, pieces)


@from_rows
def to_activities(
    span: Span,
    by: By,
    counts: Iterable[tuple[str, str, int]],
    series: Iterable[tuple[str, float, int, int]],
    pending: Mapping[str, int],
    under_way: Mapping[str, int],
    oldest: Mapping[str, float],
) -> Activities:
    """From: key, what happened, how often; key, start, delivered, failed; and by key, what is pending, what is under
    way, and the time of the oldest event that is. A key is a listener id or an event type."""
    attempts: dict[str, dict[Outcome, int]] = defaultdict(dict)
    ended: dict[str, dict[Transition, int]] = defaultdict(dict)
    last_ahead: dict[str, int] = {}
    buckets: dict[str, dict[str, dict[int, int]]] = {SECONDS: defaultdict(dict), DELAY: defaultdict(dict)}
    keys = {*pending}
    for key, what, count in counts:
        keys.add(key)
        if what in _OUTCOMES:
            attempts[key][_OUTCOMES[what]] = count
        elif what in _TRANSITIONS:
            ended[key][_TRANSITIONS[what]] = count
        elif what == LAST_AHEAD:
            last_ahead[key] = count
        else:
            buckets[what[0]][key][int(what[1:])] = count
    points: dict[str, dict[float, tuple[int, int]]] = defaultdict(dict)
    for key, start, delivered, failed in series:
        points[key][start] = (delivered, failed)
    begin, _ = span.bounds
    starts = [begin + number * span.step for number in range(span.pieces)]
    quiet = [Point(from_timestamp(start), 0, 0) for start in starts]  # of many listeners, few did something in a piece
    none_of_it, no_values = dict[Any, int](), Histogram()
    seconds, delay = ({key: Histogram(found) for key, found in buckets[which].items()} for which in (SECONDS, DELAY))
    groups = {
        key: Activity(
            attempts.get(key, none_of_it),
            ended.get(key, none_of_it),
            seconds.get(key, no_values),
            delay.get(key, no_values),
            [Point(none.start, *points[key].get(start, (0, 0))) for start, none in zip(starts, quiet, strict=True)]
            if key in points
            else quiet,
            pending.get(key, 0),
            under_way.get(key, 0),
            from_timestamp(oldest[key]) if key in oldest else None,
            last_ahead.get(key, 0),
        )
        for key in sorted(keys)
    }
    return Activities(span, by, groups, merged(groups.values()))
