"""Trace contexts of events as OpenTelemetry has them.

They are W3C's, whatever the process's propagators are, and no baggage (https://www.w3.org/TR/trace-context/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context

_EMPTY = Context()


def to_event(span: SpanContext) -> dict[str, str]:
    """What an event gets, of a span with ids."""
    context = {"traceparent": f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"}
    if span.trace_state:
        context["tracestate"] = span.trace_state.to_header()
    return context


def of_event(context: Mapping[str, str]) -> SpanContext | None:
    """The span that an event was emitted in; None without one. Its text is valid: core has seen to that."""
    parent = context.get("traceparent")
    return None if parent is None else _read(parent, context.get("tracestate"))


@lru_cache(maxsize=256)  # an event for many listeners is read once for each
def _read(parent: str, state: str | None) -> SpanContext:
    return SpanContext(
        int(parent[3:35], 16),
        int(parent[36:52], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(parent[53:], 16)),
        trace_state=TraceState.from_header([state]) if state else None,
    )


def of_untraced(event_id: str, emitted: datetime, samples: Callable[[int], bool]) -> SpanContext:
    """What stands for the span of an event that was emitted outside of any trace: the same ids whoever asks, so that
    all attempts are of one trace. `samples`: whether a trace of this id is recorded.

    An id alone may have been an earlier event's, too.
    """
    digest = sha256(f"{event_id} {emitted.timestamp():.6f}".encode()).digest()
    trace_id, span_id = int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(int(samples(trace_id))))


def as_parent(span: SpanContext) -> Context:
    """A context to begin a span in, of this trace; never of what is current here."""
    return set_span_in_context(NonRecordingSpan(span), _EMPTY)
