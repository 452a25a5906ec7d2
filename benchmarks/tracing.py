"""What traces cost, each span recorded and batched: the drain of a process, and `emit`, against the same without.

Run it with .venv-extra/bin/python, which has the plugin and the SDK; elsewhere there are no rows.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pulp_events_http
from benchmarks.measure import Row, Sink, folder, in_turn
from pulp_events import EventBus
from pulp_events.testing.bus import plugins_of

COUNT = 3000
PAYLOAD = {"repo_id": "pulp2", "padding": "x" * 600}


def _drained(sink: Sink, *plugins: Any) -> float:
    """Deliveries per second of threads that find a backlog."""
    with folder() as place:
        config, all_of_them = place / "server.conf", plugins_of(pulp_events_http, *plugins)
        with EventBus.open(config, deliver="external", plugins=all_of_them) as bus:
            bus.listeners.create("http", {"url": sink.url}, ["repo.#"])
            bus.emit_many([("repo.sync.start", PAYLOAD)] * COUNT)
        with EventBus.open(config, plugins=all_of_them):
            return sink.rate(COUNT)


def _emitting(plugin: Any) -> tuple[float, float]:
    """Median seconds of an `emit`, without the plugin and with it: two buses of this process, call by call in turn."""
    found: tuple[list[float], list[float]] = ([], [])
    with (
        folder() as one,
        folder() as other,
        EventBus.open(one / "server.conf", deliver="external", plugins=plugins_of(pulp_events_http)) as bare,
        EventBus.open(
            other / "server.conf", deliver="external", plugins=plugins_of(pulp_events_http, plugin)
        ) as traced,
    ):
        for bus in (bare, traced):
            bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        for _ in range(COUNT):
            for bus, times in zip((bare, traced), found, strict=True):
                began = time.perf_counter()
                bus.emit("repo.sync.start", PAYLOAD)
                times.append(time.perf_counter() - began)
    return statistics.median(found[0]), statistics.median(found[1])


def run() -> Iterator[Row]:
    """The rows."""
    if find_spec("pulp_events_opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        return
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    import pulp_events_opentelemetry as plugin

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    trace.set_tracer_provider(provider)
    with Sink() as sink:
        before, after = in_turn(lambda: _drained(sink), lambda: _drained(sink, plugin), rounds=3)
    ratio = after / before
    yield Row("drain, traced / not", f"{after:.0f}/s", f"{before:.0f}/s", ratio, "≥ 0.93", ratio >= 0.93)
    before, after = _emitting(plugin)
    ratio, ours, peer = after / before, f"{after * 1e6:.0f} µs", f"{before * 1e6:.0f} µs"
    yield Row("emit, traced / not", ours, peer, ratio, "≤ 1.05", ratio <= 1.05)
