"""What results come to, as a store writes it down for `outbox.activity`: words, and how often each is to be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pulp_events.outbox.activity import KEPT, floor
from pulp_events.outbox.histogram import bucket_of
from pulp_events.outbox.records import Result
from pulp_events.outbox.states import Outcome, Transition

DELAY, SECONDS = "d", "s"
"""What the words of buckets begin with: `d-3` for delays, `s12` for the seconds of attempts."""
LAST_AHEAD = "last-ahead"
"""The word for an attempt after which only one is left."""
Row = tuple[str, str, str, int]
"""Listener id, event type, what happened (an outcome, a transition, or a bucket), and how often."""
_Its = tuple[list[str], list[int], list[int]]
"""What attempts of one listener and event type came to: words, buckets of their seconds, buckets of delays."""


def of_results(results: Sequence[Result], held: Sequence[bool]) -> list[Row]:
    """What these attempts came to; `held`: those that changed their delivery."""
    pairs: dict[tuple[str, str], _Its] = {}
    lost, succeed, give_up = Outcome.LOST, Transition.SUCCEED, Transition.GIVE_UP  # quicker than their classes'
    for result, is_held in zip(results, held, strict=True):
        delivery, attempt, transition = result.delivery, result.attempt, result.transition
        its = pairs.get(pair := (delivery.listener_id, delivery.event_type))
        if its is None:
            its = pairs[pair] = ([], [], [])
        words, seconds, delays = its
        outcome, duration = attempt.outcome, attempt.duration
        words.append(outcome)
        if outcome != lost:
            seconds.append(bucket_of(duration))
        if is_held and transition == succeed:
            delays.append(bucket_of(_delay(result)))
        elif is_held and transition == give_up:
            words.append(give_up)
        elif is_held and result.last_ahead:
            words.append(LAST_AHEAD)
    return [row for pair, its in pairs.items() for row in _rows(pair, its)]


def if_in_time(result: Result) -> list[Row]:
    """What of it depends on that it changes its delivery."""
    pair = (result.delivery.listener_id, result.delivery.event_type)
    if result.transition == Transition.SUCCEED:
        return [(*pair, f"{DELAY}{bucket_of(_delay(result))}", 1)]
    if result.last_ahead:
        return [(*pair, LAST_AHEAD, 1)]
    return [(*pair, result.transition, 1)] if result.transition == Transition.GIVE_UP else []


def _delay(result: Result) -> float:
    return (result.attempt.started - result.delivery.event_time).total_seconds() + result.attempt.duration


def of_attempts(
    attempts: Iterable[tuple[str, str, float, float, float, str]], now: float
) -> list[tuple[float, float, list[Row]]]:
    """What stored attempts came to that were not written down when they were recorded: length and beginning of a piece
    of time, and its rows. An attempt: listener id, event type, time of the event, started, duration, outcome."""
    pieces: dict[tuple[float, float], dict[tuple[str, str], _Its]] = {}
    for listener_id, event_type, time, started, duration, outcome in attempts:
        ended = started + duration
        length = next((length for length, kept in KEPT.items() if now - ended < kept + length), None)
        if length is None:
            continue
        pairs = pieces.setdefault((length, floor(ended, length)), {})
        words, seconds, delays = pairs.setdefault((listener_id, event_type), ([], [], []))
        words.append(outcome)
        if outcome != Outcome.LOST:
            seconds.append(bucket_of(duration))
        if outcome == Outcome.DELIVERED:
            delays.append(bucket_of(ended - time))
    return [
        (*piece, [row for pair, its in pairs.items() for row in _rows(pair, its)]) for piece, pairs in pieces.items()
    ]


def _rows(pair: tuple[str, str], its: _Its) -> Iterator[Row]:
    words, seconds, delays = its
    for word, count in Counter(words).items():
        yield (*pair, word, count)
    for prefix, buckets in ((SECONDS, seconds), (DELAY, delays)):
        for bucket, count in Counter(buckets).items():
            yield (*pair, f"{prefix}{bucket}", count)
