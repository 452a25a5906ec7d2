"""Rows of an outbox in an SQL database as records. No SQL here: for every store whose tables have such columns.

Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from pulp_events.errors import DeliveryNotFound, StoreCorrupt
from pulp_events.events.trace_context import from_text
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.erasure import Erased, Erasure
from pulp_events.outbox.records import DeliveryQuery, Dropped, Health, NewEvent, Stats
from pulp_events.outbox.standing import Hold, Standing
from pulp_events.outbox.states import Outcome, State
from pulp_events.outbox.stored_event import EventQuery, StoredEvent
from pulp_events.system.clock import from_timestamp

_PENDING = State.PENDING
_STATES: dict[str, State] = {each.value: each for each in State}
"""By their words, which is quicker than `State(word)` for each row."""
_OUTCOMES: dict[str, Outcome] = {each.value: each for each in Outcome}
_ABOUT = "\n"
"""Between the scope of an event and whom it tells of."""
P = ParamSpec("P")
T = TypeVar("T")

_UNREADABLE = (TypeError, ValueError, KeyError, IndexError, OverflowError, OSError)
"""What is raised for a value of another type, or out of range: a time in the year 300000, a state that is none."""


def from_rows(make: Callable[P, T]) -> Callable[P, T]:
    """Raise StoreCorrupt where a row is none of ours: the store tells which file, and what to do."""

    @wraps(make)
    def checked(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return make(*arguments, **named)
        except _UNREADABLE as error:
            raise StoreCorrupt(f"a row is corrupt: {type(error).__name__}: {error}") from error

    return checked


@from_rows
def to_delivery(row: tuple[Any, ...]) -> Delivery:
    """A delivery from: event id, n, event type, time, source, report, listener id, target, state, attempts, ready at,
    finished, detail, lease, forgiven, and maybe repeat of, expires, scope (see `scope_column`) and trace context.
    Raises StoreCorrupt, as all of these do."""
    event_id, n, event_type, time, source, report, listener_id, target, word, attempts, ready_at, *rest = row
    finished, detail, lease, forgiven, *more = rest
    repeat_of, expires, scope, trace = (*more, None, None, None, None)[:4]
    state = _STATES.get(word)
    if type(attempts) is not int or type(forgiven) is not int or type(report) is not bytes or state is None:
        raise TypeError(f"delivery {event_id!r:.60}.{n!r:.20} is {word!r:.20}, with {attempts!r:.20} attempts")
    if not (type(event_id) is type(event_type) is type(listener_id) is type(target) is str):
        raise TypeError(f"delivery {event_id!r:.60}.{n!r:.20} has a name that is not text")
    if not (isinstance(scope, str | None) and isinstance(trace, str | None)):
        raise TypeError(f"delivery {event_id!r:.60}.{n!r:.20} has a scope or trace context that is not text")
    return Delivery(
        id=f"{event_id}.{n}",
        event_id=event_id,
        event_type=event_type,
        event_time=from_timestamp(time),
        source=source,
        report=report,
        listener_id=listener_id,
        target=target,
        state=state,
        attempts=attempts,
        due=from_timestamp(ready_at) if ready_at and state is _PENDING else None,
        finished=_moment(finished),
        detail=detail,
        lease=lease,
        forgiven=forgiven,
        repeat_of=repeat_of,
        expires=None if expires is None else from_timestamp(expires),
        scope=None if scope is None else scope.partition(_ABOUT)[0] or None,
        scope_known=scope is not None,
        about_author=_about_author(scope),
        trace_context=from_text(trace),
    )


@from_rows
def to_stored_event(row: tuple[Any, ...]) -> StoredEvent:
    """An event from: id, event type, time, source, report, place, number of deliveries, fingerprint, numbers given,
    when it was erased, scope (see `scope_column`), trace context."""
    event_id, event_type, time, source, report, place, deliveries, fingerprint, numbers, erased, *more = row
    scope, trace = more
    if type(report) is not bytes or type(place) is not int or type(deliveries) is not int:
        raise TypeError(f"event {event_id!r:.60} at {place!r:.20} has a report of another type")
    if not (type(event_id) is type(event_type) is type(source) is str and isinstance(scope, str | None)):
        raise TypeError(f"event {event_id!r:.60} has a name or scope that is not text")
    if not isinstance(trace, str | None):
        raise TypeError(f"event {event_id!r:.60} has a trace context that is not text")
    return StoredEvent(
        event_id,
        event_type,
        from_timestamp(time),
        source,
        report,
        place,
        deliveries,
        fingerprint,
        numbers,
        _moment(erased),
        None if scope is None else scope.partition(_ABOUT)[0] or None,
        scope is not None,
        from_text(trace),
        _about_author(scope),
    )


def scope_column(event: NewEvent) -> str:
    """What a column says of an event's scope: an empty text where it has none.

    After it, in a line of its own, the `about_author` of an event that has one. Neither has more than a line, so that
    nobody who emits an event, with whatever scope, makes it look like one of these.
    """
    scope = event.scope or ""
    return scope if event.about_author is None else f"{scope}{_ABOUT}{event.about_author}"


def stored_scope_column(event: StoredEvent) -> str | None:
    """The same of an event that is stored; None (NULL) where its scope is not known."""
    if not event.scope_known:
        return None
    scope = event.scope or ""
    return scope if event.about_author is None else f"{scope}{_ABOUT}{event.about_author}"


class ScopeAsked(NamedTuple):
    """What such a column is to be."""

    plain: str
    """It is this."""
    about: str
    """Or begins with this; where `among` is given, that counts instead."""
    among: list[str] | None
    """Or it is one of these; and `plain` is not enough for what has the name of an event about listeners."""


def scope_asked(query: EventQuery | DeliveryQuery) -> ScopeAsked | None:
    """What the column is to be; None: anything."""
    if query.scope is None and not query.without_scope:
        return None
    plain = query.scope or ""
    about = plain + _ABOUT
    names = query.heard_by if isinstance(query, DeliveryQuery) else None
    return ScopeAsked(plain, about, None if names is None else [about + name for name in names if name])


def _about_author(scope: str | None) -> str | None:
    _, about, author = (scope or "").partition(_ABOUT)
    return author if about else None


@from_rows
def to_attempt(row: tuple[Any, ...]) -> Attempt:
    """An attempt from: number, started, duration, outcome, detail, retry at."""
    number, started, duration, word, detail, retry_at = row
    outcome = _OUTCOMES.get(word)
    if type(number) is not int or outcome is None or type(detail) is not str:
        raise TypeError(f"attempt {number!r:.20} has the outcome {word!r:.20}")
    duration = float(duration)
    return Attempt(number, from_timestamp(started), duration, outcome, detail, _moment(retry_at))


@from_rows
def to_stats(counts: Iterable[tuple[str, str, int]], oldest_pending: float | None) -> Stats:
    """Counts from: listener id, state, number of deliveries. `oldest_pending`: time of the oldest pending event."""
    totals = dict.fromkeys(State, 0)
    by_listener: dict[str, dict[State, int]] = {}
    for listener_id, word, count in counts:
        state = _STATES[word]
        by_listener.setdefault(listener_id, dict.fromkeys(State, 0))[state] = count
        totals[state] += count
    return Stats(totals, oldest_pending=_moment(oldest_pending), by_listener=by_listener, oldest_event=None)


@from_rows
def with_events(
    stats: Stats, events: int, alone: int, oldest: float | None, dropped: Iterable[tuple[str, int, float, float]]
) -> Stats:
    """The same counts with those of events. `oldest`: time of the first one; `dropped`: event type, number, first and
    last time."""
    gone = [Dropped(name, count, from_timestamp(first), from_timestamp(last)) for name, count, first, last in dropped]
    return replace(stats, events=events, events_alone=alone, oldest_event=_moment(oldest), dropped=gone)


@from_rows
def to_health(rows: Iterable[tuple[Any, ...]]) -> dict[str, Health]:
    """By listener id, from: listener id, last success, last failure, failing since, failures, detail."""
    return {row[0]: Health(row[0], _moment(row[1]), _moment(row[2]), _moment(row[3]), row[4], row[5]) for row in rows}


@from_rows
def to_erasure(row: tuple[Any, ...]) -> Erasure:
    """The record of an erasure from: id, began, ended, by, asked, events, pending, under way, details."""
    erasure_id, began, ended, by, asked, *counts = row
    return Erasure(erasure_id, from_timestamp(began), _moment(ended), by, asked, Erased(*counts))


@from_rows
def to_standing(
    hold: str | None,
    spent_until: float | None,
    first: tuple[Any, ...] | None,
    queue: Iterable[tuple[Any, ...]] = (),
) -> Standing:
    """How a listener stands, from: its hold as text, its bucket, and, of its oldest pending delivery, event id, n and
    ready at; `queue`: event id and n of those that are due, the oldest first."""
    held = None if hold is None else Hold.of_text(hold)
    ids = [f"{event_id}.{n}" for event_id, n in queue]
    if first is None:
        return Standing(held, spent_until, queue=ids)
    event_id, n, ready_at = first[:3]
    return Standing(held, spent_until, f"{event_id}.{n}", from_timestamp(ready_at) if ready_at else None, ids)


def split_id(delivery_id: str) -> tuple[str, int]:
    """Event id and number of a delivery id; raises DeliveryNotFound for text that is none."""
    event_id, _, n = str(delivery_id).rpartition(".")
    if not event_id or not n.isascii() or not n.isdigit() or len(n) > 9:
        raise DeliveryNotFound(f"no delivery has the id {delivery_id!r}; `pulp-admin event delivery list` shows them")
    return event_id, int(n)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else from_timestamp(seconds)
