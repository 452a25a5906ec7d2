"""The tracer that our spans are made with."""

from __future__ import annotations

import threading
from importlib.metadata import version

from opentelemetry import trace

from pulp_events.settings.settings import Settings
from pulp_events.system.logs import get_logger

NAME = "pulp_events"
"""What instruments, and the value of `messaging.system`."""
_SCHEMA = "https://opentelemetry.io/schemas/1.27.0"
"""Of the semantic conventions whose names we use: messaging, and `error.type`."""

_logger = get_logger(__name__)
_lock = threading.Lock()
_tracer: trace.Tracer | None = None
_provided = False


def tracer(settings: Settings) -> trace.Tracer:
    """That of the process's provider: it makes spans that record nothing as long as nobody has set one."""
    return _tracer or _make(settings)


def is_provided() -> bool:
    """Whether the process has a provider. Without one, as with the API alone, there is nothing that spans are for."""
    global _provided
    if not _provided:  # once there is one, it stays
        _provided = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    return _provided


def samples(trace_id: int, name: str) -> bool:
    """Whether a trace of this id is recorded that begins with a span of this name. Of a provider other than the SDK's
    it is not known: it decides by itself for each span then."""
    sampler = getattr(trace.get_tracer_provider(), "sampler", None)
    if sampler is None:
        return True
    return bool(sampler.should_sample(None, trace_id, name, trace.SpanKind.CLIENT).decision.is_sampled())


def _make(settings: Settings) -> trace.Tracer:
    global _tracer
    with _lock:
        if _tracer is None:
            if settings.section("opentelemetry")["sdk"]:
                _set_up()
            _tracer = trace.get_tracer(NAME, version("pulp-events-opentelemetry"), schema_url=_SCHEMA)
        return _tracer


def _set_up() -> None:
    if is_provided():
        return  # the application has one
    from pulp_events_opentelemetry.sdk import provider

    try:
        found = provider()
    except Exception as error:  # noqa: BLE001  # of any exporter; without traces, everything else goes on
        _logger.error("no traces, as OpenTelemetry's SDK cannot be set up (%s: %s)", type(error).__name__, error)
    else:
        trace.set_tracer_provider(found)
