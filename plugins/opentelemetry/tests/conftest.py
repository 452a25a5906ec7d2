"""A provider with an exporter in memory, and a bus that is traced."""

import functools

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import pulp_events_opentelemetry
from pulp_events.testing.bus import open_bus


@pytest.fixture(scope="session")
def _exporter():
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)  # a process has one, for good
    return exporter


@pytest.fixture
def spans(_exporter):
    """The spans that ended in this test, by the beginning of their names."""
    _exporter.clear()

    def found(beginning=""):
        return [each for each in _exporter.get_finished_spans() if each.name.startswith(beginning)]

    return found


@pytest.fixture
def opened(tmp_path, spans):
    """Opens a bus that is traced, and delivers inline unless told otherwise."""
    return functools.partial(open_bus, tmp_path, pulp_events_opentelemetry)


@pytest.fixture
def application():
    """The tracer of an application."""
    return trace.get_tracer("application")
