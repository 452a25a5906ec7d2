"""The span of an attempt: a child of the event's, and linked to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from pulp_events import Attempt, Delivery
from pulp_events.outbox.states import Outcome
from pulp_events.settings.settings import Settings
from pulp_events_opentelemetry.context import as_parent, of_event, of_untraced
from pulp_events_opentelemetry.tracer import NAME, is_provided, samples, tracer

LONGEST = 500
"""Characters of an attempt's detail that its span has."""


def record(delivery: Delivery, attempt: Attempt, settings: Settings) -> None:
    """Make the span of an attempt that has ended, with the times that it began and ended at.

    None where the event's own span was not sampled: whether a trace is recorded is decided once, where it begins. Of an
    event without one it is decided here, alike for each attempt; all of them are of one trace.
    """
    making = tracer(settings)
    emitted = of_event(delivery.trace_context)
    if not is_provided():
        return
    name = f"deliver {delivery.event_type}"
    parent = emitted or of_untraced(delivery.event_id, delivery.event_time, lambda trace_id: samples(trace_id, name))
    if not parent.trace_flags.sampled:
        return
    began = _nanoseconds(attempt.started)
    attributes: dict[str, Any] = {
        "messaging.system": NAME,
        "messaging.operation.name": "deliver",
        "messaging.operation.type": "send",
        "messaging.destination.name": delivery.event_type,
        "messaging.destination.subscription.name": delivery.listener_id,
        "messaging.message.id": delivery.event_id,
        "messaging.message.body.size": len(delivery.report),
        "pulp_events.delivery.id": delivery.id,
        "pulp_events.delivery.state": delivery.state.value,
        "pulp_events.attempt.number": attempt.number,
        "pulp_events.attempt.outcome": attempt.outcome.value,
    }
    if attempt.retry_at is not None:
        attributes["pulp_events.attempt.retry_at"] = attempt.retry_at.isoformat()
    failed = attempt.outcome is not Outcome.DELIVERED
    if failed:
        attributes["error.type"] = attempt.outcome.value
    span = making.start_span(
        name,
        as_parent(parent),
        SpanKind.CLIENT,
        attributes,
        () if emitted is None else [Link(emitted)],
        began,
    )
    if failed:
        span.set_status(Status(StatusCode.ERROR, attempt.detail.partition("\n")[0][:LONGEST]))
    span.end(began + int(attempt.duration * 1e9))


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
