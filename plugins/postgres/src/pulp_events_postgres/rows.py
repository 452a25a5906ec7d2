"""Rows of the outbox as records, and text as PostgreSQL can store it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pulp_events.clock import from_timestamp
from pulp_events.errors import DeliveryNotFound
from pulp_events.outbox.delivery import PENDING, Attempt, Delivery

DELIVERY_COLUMNS = """
    e.id, d.n, e.event_type, e.time, e.source, e.report, d.listener_id, d.target, d.state, d.attempts, d.ready_at,
    d.finished, coalesce(d.reason, a.detail, ''), d.lease, d.forgiven
"""
DELIVERY_TABLES = """
    @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq
    LEFT JOIN @.pulp_attempt a ON a.event_seq = d.event_seq AND a.n = d.n AND a.number = d.attempts
"""


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


def storable(text: str) -> str:
    """The text with what PostgreSQL cannot store replaced: the character NUL, and lone surrogates.

    An endpoint's answer may have either, and must not keep its attempt from being recorded.
    """
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def texts(values: Iterable[str | None]) -> str:
    """An array of text as PostgreSQL spells it. psycopg takes ten times as long: it looks at each value's type.

    >>> texts(["a", 'b"c', None])
    '{"a","b\\\\"c",NULL}'
    """
    return "{" + ",".join(["NULL" if value is None else f'"{_escape(value)}"' for value in values]) + "}"


def numbers(values: Iterable[float | None]) -> str:
    """An array of numbers as PostgreSQL spells it."""
    return "{" + ",".join(["NULL" if value is None else repr(value) for value in values]) + "}"


def _escape(text: str) -> str:
    if '"' in text or "\\" in text:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text
