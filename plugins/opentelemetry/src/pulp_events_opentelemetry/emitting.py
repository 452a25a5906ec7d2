"""The span of an event: from when it is about to be stored until it is."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, SpanKind, get_current_span

from pulp_events import Event
from pulp_events.events.trace_context import Traced
from pulp_events.settings.settings import Settings
from pulp_events_opentelemetry.context import as_parent, of_event, to_event
from pulp_events_opentelemetry.tracer import NAME, tracer


def trace(event: Event, settings: Settings) -> Traced | None:
    """Begin the event's span, which ends when the event is stored; None where there is no trace.

    Without a provider there is a span without ids outside of any trace, and else one with the context of its parent.
    """
    span = tracer(settings).start_span(
        f"emit {event.event_type}",
        _parent(event) if event.trace_context else None,
        SpanKind.PRODUCER,
        {
            "messaging.system": NAME,
            "messaging.operation.name": "emit",
            "messaging.operation.type": "create",
            "messaging.destination.name": event.event_type,
            "messaging.message.id": event.id,
        },
    )
    if span is INVALID_SPAN:
        return None
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return Traced(to_event(context), span.end if span.is_recording() else None)


def _parent(event: Event) -> Context | None:
    """None: what is current. An event that has a trace already stays in that."""
    given, current = of_event(event.trace_context), get_current_span().get_span_context()
    return None if given is None or given.trace_id == current.trace_id else as_parent(given)
