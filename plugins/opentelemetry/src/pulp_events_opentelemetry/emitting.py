"""The span of an event: from when it is about to be stored until it is."""

from __future__ import annotations

from opentelemetry.trace import SpanContext, SpanKind, get_current_span

from pulp_events import Event
from pulp_events.events.trace_context import Traced
from pulp_events.settings.settings import Settings
from pulp_events_opentelemetry.context import as_parent, of_event, to_event
from pulp_events_opentelemetry.tracer import NAME, is_provided, tracer


def trace(event: Event, settings: Settings) -> Traced | None:
    """Begin the event's span, which ends when the event is stored; None where there is no trace."""
    making = tracer(settings)
    current = get_current_span().get_span_context()
    given = _given(event, current)
    if not is_provided():  # a span would have the context of its parent
        return Traced(to_event(current)) if given is None and current.is_valid else None
    span = making.start_span(
        f"emit {event.event_type}",
        None if given is None else as_parent(given),
        SpanKind.PRODUCER,
        {
            "messaging.system": NAME,
            "messaging.operation.name": "emit",
            "messaging.operation.type": "create",
            "messaging.destination.name": event.event_type,
            "messaging.message.id": event.id,
        },
    )
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return Traced(to_event(context), span.end if span.is_recording() else None)


def _given(event: Event, current: SpanContext) -> SpanContext | None:
    """The parent, if it is not what is current: an event that has a trace already stays in that."""
    if not event.trace_context:
        return None
    given = of_event(event.trace_context)
    return None if given is None or given.trace_id == current.trace_id else given
