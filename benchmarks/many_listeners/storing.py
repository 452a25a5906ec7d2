"""What it takes to emit to thousands of listeners, and to make thousands of them."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.many_listeners.senders import create, place
from benchmarks.measure import Child, Row, rounds, scaled
from pulp_events import EventBus

LISTENERS, EVENTS, ROUNDS = 10_000, 10, 3
APPLIED = ((1000, 2.0), (4000, 8.0))
"""New listeners → seconds."""
ADMIN = str(Path(sys.executable).with_name("pulp-admin"))

EMIT = """
    import json, statistics, sys, time
    from pulp_events import EventBus
    payload = {"repo_id": "pulp2", "padding": "x" * 600}
    with EventBus.open(sys.argv[1], deliver="external") as bus:
        bus.emit("repo.sync.start", payload)
        found = []
        for _ in range(int(sys.argv[2])):
            began = time.perf_counter()
            bus.emit("repo.sync.start", payload)
            found.append(time.perf_counter() - began)
    print(json.dumps(statistics.median(found)), flush=True)
"""


def emitting(count: int) -> float:
    """Median seconds of an `emit` that matches so many listeners, durable when it returns."""
    with place() as conf:
        with EventBus.open(conf, deliver="external") as bus:
            create(bus, [f"http://127.0.0.1/{number}" for number in range(count)])
        with Child(EMIT, conf, EVENTS) as child:
            return float(child.read())


def applying(count: int) -> float:
    """Seconds of `listener apply` with so many new listeners, its start included."""
    with place() as conf:
        entries = [
            {"notifier_type_id": "http", "event_types": ["repo.sync.*"],
             "notifier_config": {"url": f"https://ci.example/{number}", "username": "u", "password": "p"}}
            for number in range(count)
        ]  # fmt: skip
        file = conf.with_name("listeners.json")
        file.write_text(json.dumps({"version": 1, "listeners": entries}))
        began = time.perf_counter()
        command = [ADMIN, "--config", str(conf), "event", "listener", "apply", "-f", str(file)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began


def run() -> Iterator[Row]:
    """The rows."""
    for part in PARTS.values():
        yield from part()


def _emit() -> Iterator[Row]:
    count = scaled(LISTENERS)
    each = statistics.median(emitting(count) for _ in range(rounds(ROUNDS))) / count * 1e6
    yield Row(f"`emit` to {count:,} listeners that match, into a fresh outbox: of each delivery", f"{each:.1f} µs", "",
              None, "≤ 15 µs", each <= 15)  # fmt: skip


def _apply(size: int, limit: float) -> Iterator[Row]:
    count = scaled(size)
    took = statistics.median(applying(count) for _ in range(rounds(ROUNDS)))
    yield Row(
        f"`listener apply` of {count:,} new listeners", f"{took:.1f} s", "", None, f"≤ {limit:g} s", took <= limit
    )


PARTS = {"emit": _emit, **{f"apply-{size}": partial(_apply, size, limit) for size, limit in APPLIED}}
