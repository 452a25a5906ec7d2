"""Traces of pulp-events by OpenTelemetry: a span for each event, one for each attempt, and a trace that leaves with it.

Importing this imports nothing of OpenTelemetry: the first event that is emitted, or the first attempt, does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from pulp_events import hookimpl

if TYPE_CHECKING:
    from marshmallow import Schema

    from pulp_events import Attempt, Delivery, Event
    from pulp_events.events.trace_context import Traced
    from pulp_events.settings.settings import Settings


@hookimpl
def pulp_settings_sections() -> Mapping[str, type[Schema]]:
    """`[opentelemetry]`."""
    from pulp_events_opentelemetry.settings import OpenTelemetrySettings

    return {"opentelemetry": OpenTelemetrySettings}


@hookimpl
def pulp_trace_context(event: Event, settings: Settings) -> Traced | None:
    """Begins the span of the event, and gives it the trace context of that."""
    return _emitting()(event, settings)


@hookimpl
def pulp_delivery_attempted(delivery: Delivery, attempt: Attempt, settings: Settings) -> None:
    """Makes the span of an attempt."""
    _recording()(delivery, attempt, settings)


@cache  # an import takes as long as all that is done where there is no trace
def _emitting() -> Callable[[Event, Settings], Traced | None]:
    from pulp_events_opentelemetry.emitting import trace

    return trace


@cache
def _recording() -> Callable[[Delivery, Attempt, Settings], None]:
    from pulp_events_opentelemetry.attempts import record

    return record
