"""The span of an event: from when it is given to `emit` until it is stored."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, get_current_span

from pulp_events import Event
from pulp_events.settings.settings import Settings
from pulp_events_opentelemetry.context import as_parent, of_event, of_span
from pulp_events_opentelemetry.tracer import NAME, tracer

MOST = 10_000
"""Spans of events that are being emitted. Those of events that are not stored are never ended, and so not exported."""

_open: OrderedDict[str, Span] = OrderedDict()
"""By event id. Each method of it is atomic, as it is written in C."""


def begin(event: Event, settings: Settings) -> Event | None:
    """The event with the context of a new span; None where there is no trace."""
    span = tracer(settings).start_span(
        f"emit {event.event_type}",
        _parent(event),
        SpanKind.PRODUCER,
        {
            "messaging.system": NAME,
            "messaging.operation.name": "emit",
            "messaging.operation.type": "create",
            "messaging.destination.name": event.event_type,
            "messaging.message.id": event.id,
        },
    )
    if span.is_recording():
        _open[event.id] = span
        if len(_open) > MOST:
            _open.popitem(last=False)
    context = of_span(span)
    return replace(event, trace_context=context) if context else None


def end(event: Event) -> None:
    """The event is stored."""
    if (span := _open.pop(event.id, None)) is not None:
        span.end()


def _parent(event: Event) -> Context | None:
    """None: what is current. An event that has a trace already stays in that."""
    if not event.trace_context:
        return None
    given, current = of_event(event.trace_context), get_current_span().get_span_context()
    return None if given is None or given.trace_id == current.trace_id else as_parent(given)
