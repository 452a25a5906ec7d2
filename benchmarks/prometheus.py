"""What metrics cost: the drain of a worker that is scraped, and `emit`, against the same without the plugin.

Run it with .venv-extra/bin/python, which has the plugin; elsewhere there are no rows.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from unittest import mock

from benchmarks.measure import Row, Sink, folder, in_turn
from pulp_events import EventBus, Plugins
from pulp_events.plugins.loader import BLOCK_VARIABLE

COUNT = 6000
EMITTED = 3000
PAYLOAD = {"repo_id": "pulp2", "padding": "x" * 600}
EVERY = 2.0
"""Seconds between scrapes: more often than any server asks."""


def _without() -> dict[str, str]:
    return {BLOCK_VARIABLE: "prometheus"}


def _drained(sink: Sink, metrics: bool) -> float:
    """Deliveries per second of a worker that finds a backlog."""
    with folder() as place:
        config = place / "server.conf"
        with EventBus.open(config, deliver="external") as bus:
            for number in range(20):
                bus.listeners.create("http", {"url": sink.url}, ["repo.#"], name=f"listener-{number}")
            bus.emit_many([("repo.sync.start", PAYLOAD)] * (COUNT // 20))
        command = [sys.executable, "-m", "pulp_events_cli", "--config", str(config), "event", "worker"]
        environment = {**os.environ, **({} if metrics else _without())}
        process = subprocess.Popen(
            command + (["--metrics=0"] if metrics else []), stderr=subprocess.PIPE, text=True, env=environment
        )
        done = threading.Event()
        reading = threading.Thread(target=_scrape, args=(process, done))
        reading.start()
        try:
            return sink.rate(COUNT)
        finally:
            done.set()
            process.terminate()
            process.wait()
            reading.join()


def _scrape(process: subprocess.Popen[str], done: threading.Event) -> None:
    """Read its log, and ask for metrics at the address that stands there."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"served at (http://\S+)", line):
            while not done.is_set():
                with urllib.request.urlopen(found[1], timeout=10) as answer:
                    answer.read()
                done.wait(EVERY)


def _emitting(heard: bool) -> tuple[float, float]:
    """Median seconds of an `emit`, without the plugin and with it: two buses of this process, call by call in turn."""
    with mock.patch.dict(os.environ, _without()):
        without = Plugins.load()
    found: tuple[list[float], list[float]] = ([], [])
    with (
        folder() as one,
        folder() as other,
        EventBus.open(one / "server.conf", deliver="external", plugins=without) as bare,
        EventBus.open(other / "server.conf", deliver="external") as counted,
    ):
        for bus in (bare, counted) if heard else ():
            bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        for _ in range(EMITTED):
            for bus, times in zip((bare, counted), found, strict=True):
                began = time.perf_counter()
                bus.emit("repo.sync.start", PAYLOAD)
                times.append(time.perf_counter() - began)
    return statistics.median(found[0]), statistics.median(found[1])


def run() -> Iterator[Row]:
    """The rows."""
    if find_spec("pulp_events_prometheus") is None:
        return
    with Sink() as sink:
        before, after = in_turn(lambda: _drained(sink, False), lambda: _drained(sink, True), rounds=7)
    ratio = after / before
    what = f"drain, scraped every {EVERY:.0f} s / without the plugin"
    yield Row(what, f"{after:.0f}/s", f"{before:.0f}/s", ratio, "≥ 0.93", ratio >= 0.93)
    before, after = _emitting(heard=True)
    ratio = after / before
    what, ours, peer = "emit, counted / without the plugin", f"{after * 1e6:.0f} µs", f"{before * 1e6:.0f} µs"
    yield Row(what, ours, peer, ratio, "≤ 1.05", ratio <= 1.05)
    before, after = _emitting(heard=False)
    what, ours, peer = "emit that nobody hears, the same", f"{after * 1e6:.1f} µs", f"{before * 1e6:.1f} µs"
    yield Row(what, ours, peer, after / before, "3 µs more", after - before <= 3e-6)
    began = time.perf_counter()
    with folder() as place, EventBus.open(place / "server.conf", deliver="external") as bus:
        from pulp_events_prometheus.collector import own_registry

        for number in range(100):
            bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["repo.#"], name=f"listener-{number}")
        registry = own_registry(bus)
        list(registry.collect())
        time.sleep(1.1)
        began = time.perf_counter()
        list(registry.collect())
    took = time.perf_counter() - began
    yield Row("a scrape of 100 listeners", f"{took * 1e3:.0f} ms", "–", None, "≤ 100 ms", took <= 0.1)
