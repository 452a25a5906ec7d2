"""A process that emits and delivers with the plugins that `mode` names; `python -c` of benchmarks/tracing.py runs it.

| mode | plugins |
|---|---|
| none | none besides the HTTP notifier |
| api | opentelemetry with OpenTelemetry's API alone, and prometheus |
| all, tenth | both as well; the SDK records every trace, or one in ten, and exports to nowhere |
| same | one that makes the same spans by the SDK, of what is ready: what of the cost is the SDK's |
| bare | one that makes spans by the SDK without parent, link and attributes: what any tracing costs at the least |
"""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulp_events_http
from pulp_events import EventBus, hookimpl
from pulp_events.events.trace_context import Traced
from pulp_events.testing.bus import plugins_of

PAYLOAD = {"repo_id": "pulp2", "padding": "x" * 600}
LISTENERS = 20
AT_ONCE = 25
"""Calls of `emit` of one bus before it is the other's turn."""
SCRAPED_EVERY = 2.0
"""Seconds: more often than any server asks."""


def _say(value: Any) -> None:
    print(json.dumps(value), flush=True)


class Exported:
    """The SDK's provider, with an exporter that only counts."""

    def __init__(self, share: float) -> None:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

        self.count = 0

        class Counting(SpanExporter):
            def export(other, spans: Any) -> Any:  # noqa: N805
                self.count += len(spans)
                return SpanExportResult.SUCCESS

        self.provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(share)))
        self.provider.add_span_processor(BatchSpanProcessor(Counting()))
        trace.set_tracer_provider(self.provider)


def _peer(exported: Exported, *, bare: bool) -> Any:
    from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context

    tracer = exported.provider.get_tracer("peer")
    emitted = SpanContext(5, 7, is_remote=True, trace_flags=TraceFlags(1))
    attributes: dict[str, str | int] = {f"messaging.attribute.number.{number}": "some-value" for number in range(11)}
    few = dict(list(attributes.items())[:5])
    parent, links, kind = set_span_in_context(NonRecordingSpan(emitted)), [Link(emitted)], SpanKind.CLIENT

    @hookimpl
    def pulp_trace_context(event: Any) -> Traced:
        begun = tracer.start_span("emit") if bare else tracer.start_span("emit", None, SpanKind.PRODUCER, few)
        return Traced({}, begun.end)

    @hookimpl
    def pulp_delivery_attempted(attempt: Any) -> None:
        span = tracer.start_span("deliver") if bare else tracer.start_span("deliver", parent, kind, attributes, links)
        span.end()

    return SimpleNamespace(
        __name__="peer", pulp_trace_context=pulp_trace_context, pulp_delivery_attempted=pulp_delivery_attempted
    )


def _plugins(mode: str) -> tuple[list[Any], Exported | None]:
    if mode == "none":
        return [], None
    if mode in ("same", "bare"):
        exported = Exported(1.0)
        return [_peer(exported, bare=mode == "bare")], exported
    import pulp_events_opentelemetry
    import pulp_events_prometheus.plugin

    share = {"api": None, "all": 1.0, "tenth": 0.1}[mode]
    both = [pulp_events_opentelemetry, pulp_events_prometheus.plugin]
    return both, None if share is None else Exported(share)


def drain(mode: str, config: Path, url: str, count: int) -> None:
    """Deliver a backlog. Says when it is stored; then, at the end of stdin's next line, the CPU seconds that delivering
    took, all that plugins do afterwards included, and the number of spans that were exported."""
    given, exported = _plugins(mode)
    plugins = plugins_of(pulp_events_http, *given)
    with EventBus.open(config, deliver="external", plugins=plugins) as bus:
        for number in range(LISTENERS):
            bus.listeners.create("http", {"url": url}, ["repo.#"], name=f"listener-{number}")
        bus.emit_many([("repo.sync.start", PAYLOAD)] * (count // LISTENERS))
    if exported is not None:
        exported.provider.force_flush()
        exported.count = 0
    _say("stored")
    sys.stdin.readline()
    began = time.process_time()
    done = threading.Event()
    with EventBus.open(config, plugins=plugins) as bus:
        scraping = threading.Thread(target=_scrape, args=(bus, done))
        if mode in ("api", "all", "tenth"):
            scraping.start()
        sys.stdin.readline()
        done.set()
    if exported is not None:
        exported.provider.force_flush()
    _say((time.process_time() - began, 0 if exported is None else exported.count))


def _scrape(bus: EventBus, done: threading.Event) -> None:
    from prometheus_client import generate_latest

    from pulp_events_prometheus.collector import own_registry

    registry = own_registry(bus)
    while not done.wait(SCRAPED_EVERY):
        generate_latest(registry)


def emit(mode: str, place: Path, count: int) -> None:
    """Say what an `emit` takes without plugins, and with those of `mode` but for prometheus.

    Medians: of CPU seconds, and of seconds. Two buses take turns, some calls at a time: in its own process, each would
    have the processor's caches to itself.
    """
    given, _ = _plugins(mode)
    cpu: tuple[list[float], list[float]] = ([], [])
    wall: tuple[list[float], list[float]] = ([], [])
    buses = [
        EventBus.open(
            settings={"events": {"data_dir": str(place / str(number))}},
            deliver="external",
            plugins=plugins_of(pulp_events_http, *more),
        )
        for number, more in enumerate(([], given[:1]))
    ]
    for bus in buses:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        bus.emit_many([("repo.sync.start", PAYLOAD)] * AT_ONCE)
    for _ in range(count // AT_ONCE):
        for number, bus in enumerate(buses):
            used, began = time.thread_time(), time.perf_counter()
            for _ in range(AT_ONCE):
                bus.emit("repo.sync.start", PAYLOAD)
            cpu[number].append((time.thread_time() - used) / AT_ONCE)
            wall[number].append((time.perf_counter() - began) / AT_ONCE)
    for bus in buses:
        bus.close()
    _say([[statistics.median(times) for times in found] for found in (cpu, wall)])


def main() -> None:
    """By the arguments of the process."""
    what, mode, place, *more = sys.argv[1:]
    run: Callable[[], None]
    if what == "drain":
        url, count = more
        run = lambda: drain(mode, Path(place), url, int(count))  # noqa: E731
    else:
        run = lambda: emit(mode, Path(place), int(more[0]))  # noqa: E731
    run()
