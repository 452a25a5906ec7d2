"""Trace contexts of events as OpenTelemetry has them."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags, TraceState, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
"""Whatever the process's propagators are: what is stored is W3C's, and no baggage."""
_EMPTY = Context()


def of_span(span: Span) -> dict[str, str]:
    """What an event gets; empty for a span without ids."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(span, _EMPTY))
    return carrier


def of_event(context: Mapping[str, str]) -> SpanContext | None:
    """The span that an event was emitted in; None without one. Its text is valid: core has seen to that.

    The propagator's `extract` would check it again, at each attempt.
    """
    parent = context.get("traceparent")
    if parent is None:
        return None
    state = context.get("tracestate")
    return SpanContext(
        int(parent[3:35], 16),
        int(parent[36:52], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(parent[53:], 16)),
        trace_state=TraceState.from_header([state]) if state else None,
    )


def as_parent(span: SpanContext | None) -> Context:
    """A context to begin a span in, of this trace or of none; never of what is current here."""
    return _EMPTY if span is None else set_span_in_context(NonRecordingSpan(span), _EMPTY)
