"""Deliveries and attempts as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pulp_events_cli.output.text import Lines

if TYPE_CHECKING:
    from pulp_events.bus.wait_cause import WaitingFor
    from pulp_events.outbox.delivery import Attempt, Delivery


def full(delivery: Delivery, waiting: WaitingFor | None, listener_name: str | None) -> dict[str, Any]:
    """What `delivery show` says of a delivery; what does not apply is left out."""
    values = {
        "id": delivery.id,
        "event_type": delivery.event_type,
        "event_time": delivery.event_time,
        "source": delivery.source,
        "trace_id": delivery.trace_id,
        "listener_id": delivery.listener_id,
        "listener_name": listener_name,
        "target": delivery.target or None,
        "repeat_of": delivery.repeat_of,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt": None if waiting is None else "now" if waiting.at_once else waiting.until,
        "waits_for": None if waiting is None else f"{waiting.cause}: {waiting.reason}",
        "behind": None if waiting is None else waiting.behind,
        "expires": delivery.expires,
        "finished": delivery.finished,
        "detail": Lines(delivery.detail.split("\n")) if delivery.detail else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def for_json(
    delivery: Delivery, attempts: Sequence[Attempt] | None = None, *, erased: bool, waiting: WaitingFor | None = None
) -> dict[str, Any]:
    """A delivery for programs; with its attempts and report where `attempts` are given."""
    values: dict[str, Any] = {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "event_time": delivery.event_time,
        "source": delivery.source,
        "trace_id": delivery.trace_id,
        "listener_id": delivery.listener_id,
        "target": delivery.target,
        "repeat_of": delivery.repeat_of,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "due": delivery.due,
        "waits_for": None
        if waiting is None
        else {name: getattr(waiting, name) for name in ("cause", "reason", "until", "behind")},
        "expires": delivery.expires,
        "finished": delivery.finished,
        "detail": delivery.detail,
        "erased": erased,
    }
    if attempts is None:
        return values
    records = [
        {
            "number": attempt.number,
            "started": attempt.started,
            "duration": attempt.duration,
            "outcome": attempt.outcome,
            "detail": attempt.detail,
            "retry_at": attempt.retry_at,
        }
        for attempt in attempts
    ]
    return {**values, "attempt_records": records, "report": delivery.event.report()}
