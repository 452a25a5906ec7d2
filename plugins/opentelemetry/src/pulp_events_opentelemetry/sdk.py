"""OpenTelemetry's SDK as the environment wants it, for processes in which nothing else sets it up: our workers.

Sampler, resource, batches and exporters read their variables themselves; which exporters, OTEL_TRACES_EXPORTER says
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

_GROUP = "opentelemetry_traces_exporter"
_NEEDS = (
    "install opentelemetry-sdk and an exporter, such as opentelemetry-exporter-otlp-proto-http, or set "
    "OTEL_TRACES_EXPORTER"
)


def provider() -> TracerProvider:
    """With an exporter for each name in OTEL_TRACES_EXPORTER. It is shut down, and what it holds exported, at exit.

    Raises EventsError where an exporter, or the SDK, is not installed, and what an exporter raises.
    """
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise EventsError(f"[opentelemetry] sdk = true, and {error.name} is not installed; {_NEEDS}") from error
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    made = TracerProvider(resource=Resource.create({} if named else {"service.name": "pulp-events"}))
    for exporter in _exporters():
        made.add_span_processor(BatchSpanProcessor(exporter))
    return made


def _exporters() -> Iterator[Any]:
    for name in os.environ.get("OTEL_TRACES_EXPORTER", "otlp").split(","):
        if (name := name.strip()) and name != "none":
            yield _factory(name)()


def _factory(name: str) -> Any:
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    http, grpc = "otlp_proto_http", "otlp_proto_grpc"
    asked = {"http/protobuf": [http], "grpc": [grpc]}.get(protocol or "", [http, grpc]) if name == "otlp" else [name]
    for each in asked:
        for found in entry_points(group=_GROUP, name=each):
            return found.load()
    raise EventsError(f"no package has the exporter {' or '.join(asked)}; {_NEEDS}")
