"""`Event`: what an application announces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulp_events.events.trace_context import NO_TRACE, trace_id_of
from pulp_events.frozen import freeze


@dataclass(frozen=True)
class Event:
    """Immutable; its payload and call report are JSON values and cannot be changed either.

    `id`, `time` (aware UTC) and `source` travel in headers and properties, not in the report.
    """

    event_type: str
    """Name of its event type."""

    payload: Mapping[str, Any]
    """What happened, in the words of its event type."""

    call_report: Mapping[str, Any]
    """The application's report of the call that led to it; empty where there was none."""

    id: str
    """A UUID of version 7 (RFC 9562), unique and rising with time; or what `emit` was given as `id`."""

    time: datetime
    """When it was emitted, aware UTC."""

    source: str = ""
    """`[events] source`: the place that it comes from."""

    trace_context: Mapping[str, str] = NO_TRACE
    """W3C Trace Context of where it was emitted, `traceparent` and maybe `tracestate`; empty outside of any trace."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "payload", freeze(self.payload))
        object.__setattr__(self, "call_report", freeze(self.call_report))
        if self.trace_context is not NO_TRACE:
            object.__setattr__(self, "trace_context", freeze(self.trace_context))

    @property
    def trace_id(self) -> str | None:
        """The trace that it was emitted in, 32 hex digits; None outside of any."""
        return trace_id_of(self.trace_context)

    def report(self) -> dict[str, Any]:
        """The report that leaves: exactly `call_report`, `event_type` and `payload`."""
        return {"call_report": self.call_report, "event_type": self.event_type, "payload": self.payload}


def place_in_trace(event: Event, context: Mapping[str, str]) -> None:
    """Give an event its trace context, which is valid and frozen: only as long as nobody else has the event.

    A new one would freeze everything in it again.
    """
    object.__setattr__(event, "trace_context", context)
