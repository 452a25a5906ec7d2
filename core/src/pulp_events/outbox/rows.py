"""Rows of an outbox in an SQL database as records. No SQL here: for every store whose tables have such columns.

Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pulp_events.clock import from_timestamp
from pulp_events.errors import DeliveryNotFound
from pulp_events.outbox.delivery import DEAD, DELIVERED, PENDING, Attempt, Delivery
from pulp_events.outbox.records import Health, Stats


def to_delivery(row: tuple[Any, ...]) -> Delivery:
    """A delivery from: event id, n, event type, time, source, report, listener id, target, state, attempts, ready at,
    finished, detail, lease, forgiven."""
    event_id, n, event_type, time, source, report, listener_id, target, state, attempts, ready_at, *rest = row
    finished, detail, lease, forgiven = rest
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
        due=from_timestamp(ready_at) if ready_at and state == PENDING else None,
        finished=_moment(finished),
        detail=detail,
        lease=lease,
        forgiven=forgiven,
    )


def to_attempt(row: tuple[Any, ...]) -> Attempt:
    """An attempt from: number, started, duration, outcome, detail, retry at."""
    number, started, duration, outcome, detail, retry_at = row
    return Attempt(number, from_timestamp(started), duration, outcome, detail, _moment(retry_at))


def to_stats(counts: Iterable[tuple[str, str, int]], oldest_pending: float | None) -> Stats:
    """Counts from: listener id, state, number of deliveries. `oldest_pending`: time of the oldest pending event."""
    totals = {PENDING: 0, DELIVERED: 0, DEAD: 0}
    by_listener: dict[str, dict[str, int]] = {}
    for listener_id, state, count in counts:
        by_listener.setdefault(listener_id, dict.fromkeys(totals, 0))[state] = count
        totals[state] += count
    return Stats(**totals, oldest_pending=_moment(oldest_pending), by_listener=by_listener)


def to_health(rows: Iterable[tuple[Any, ...]]) -> dict[str, Health]:
    """By listener id, from: listener id, last success, last failure, failing since, failures, detail."""
    return {row[0]: Health(row[0], _moment(row[1]), _moment(row[2]), _moment(row[3]), row[4], row[5]) for row in rows}


def split_id(delivery_id: str) -> tuple[str, int]:
    """Event id and number of a delivery id; raises DeliveryNotFound for text that is none."""
    event_id, _, n = str(delivery_id).rpartition(".")
    if not event_id or not n.isascii() or not n.isdigit() or len(n) > 9:
        raise DeliveryNotFound(f"no delivery has the id {delivery_id!r}; `pulp-admin event delivery list` shows them")
    return event_id, int(n)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else from_timestamp(seconds)
