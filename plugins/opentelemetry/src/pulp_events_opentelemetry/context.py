"""Trace contexts of events as OpenTelemetry has them."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
"""Whatever the process's propagators are: what is stored is W3C's, and no baggage."""
_EMPTY = Context()


def of_span(span: Span) -> dict[str, str]:
    """What an event gets; empty for a span without ids."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(span, _EMPTY))
    return carrier


def as_parent(context: Mapping[str, str]) -> Context:
    """A context to begin a span in; of another trace, or none, than what is current here."""
    return _W3C.extract(context, _EMPTY) if context else _EMPTY


def span_context(context: Context | None) -> SpanContext:
    """Of the span that is current in it; None: here."""
    return get_current_span(context).get_span_context()
