"""Rows of the outbox as records."""

from __future__ import annotations

from typing import Any

from pulp_events.clock import from_timestamp
from pulp_events.errors import DeliveryNotFound
from pulp_events.outbox.delivery import PENDING, Attempt, Delivery

DELIVERY_COLUMNS = """
    e.id, d.n, e.event_type, e.time, e.source, e.report, d.listener_id, d.target, d.state, d.attempts, d.ready_at,
    d.finished, COALESCE(d.reason, a.detail, ''), d.lease, d.forgiven
"""
_LAST_ATTEMPT = "LEFT JOIN pulp_attempt a ON a.event_seq = d.event_seq AND a.n = d.n AND a.number = d.attempts"
DELIVERY_TABLES = f"pulp_delivery d CROSS JOIN pulp_event e ON e.seq = d.event_seq {_LAST_ATTEMPT}"
EVENT_TABLES = f"pulp_event e CROSS JOIN pulp_delivery d ON d.event_seq = e.seq {_LAST_ATTEMPT}"
"""The same rows, but the event is looked for first. A CROSS JOIN keeps SQLite from changing the order."""


def to_delivery(row: tuple[Any, ...]) -> Delivery:
    """A delivery from DELIVERY_COLUMNS."""
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
        finished=None if finished is None else from_timestamp(finished),
        detail=detail,
        lease=lease,
        forgiven=forgiven,
    )


def to_attempt(row: tuple[Any, ...]) -> Attempt:
    """An attempt from the columns number, started, duration, outcome, detail, retry_at."""
    number, started, duration, outcome, detail, retry_at = row
    return Attempt(
        number,
        from_timestamp(started),
        duration,
        outcome,
        detail,
        None if retry_at is None else from_timestamp(retry_at),
    )


def split_id(delivery_id: str) -> tuple[str, int]:
    """Event id and number of a delivery id; raises DeliveryNotFound for text that is none."""
    event_id, _, n = str(delivery_id).rpartition(".")
    if not event_id or not n.isascii() or not n.isdigit() or len(n) > 9:
        raise DeliveryNotFound(f"no delivery has the id {delivery_id!r}; `pulp-admin event delivery list` shows them")
    return event_id, int(n)
