"""What thousands of endpoints that never answer cost the healthy ones."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.many_listeners.senders import create, place
from benchmarks.many_listeners.sink import ManySink
from benchmarks.measure import Row, in_turn, rounds, scaled
from pulp_events import EventBus

HANGING, HEALTHY, EVENTS, ROUNDS = 3000, 200, 20, 3
BETWEEN = 0.25
"""Seconds between events."""


def latency(hanging: int, healthy: int, own: bool) -> float:
    """95th percentile of the seconds from emit to arrival, once each healthy endpoint has answered once."""
    with place() as conf, ManySink() as sink, EventBus.open(conf, deliver="process") as bus:
        create(bus, [*sink.urls(healthy, own, "ok"), *sink.urls(hanging, own, "hang/")])
        bus.emit("repo.sync.start", {})
        assert len(sink.wait_for(healthy)) == healthy, "not each healthy endpoint had its first event"
        emitted = {}
        for _ in range(EVENTS):
            event = bus.emit("repo.sync.start", {})
            emitted[event.id] = event.time.timestamp()
            time.sleep(BETWEEN)
        arrivals = sink.wait_for(healthy * EVENTS) or sink.arrivals()
        bus.close(0.1, drain=False)
    found = sorted(moment - emitted[event] for moment, event in arrivals if event in emitted)
    # What did not come in time came later than anything else.
    found += [float("inf")] * (healthy * EVENTS - len(found))
    return found[int(len(found) * 0.95)]


def run() -> Iterator[Row]:
    """The rows."""
    for part in PARTS.values():
        yield from part()


def _beside(own: bool) -> Iterator[Row]:
    hanging, healthy = scaled(HANGING), scaled(HEALTHY)
    beside, alone = in_turn(
        lambda: latency(hanging, healthy, own), lambda: latency(0, healthy, own), rounds=rounds(ROUNDS)
    )
    ratio = beside / alone
    where = "own origins" if own else "one origin"
    yield Row(
        f"{hanging:,} endpoints that hang beside {healthy} healthy ones, {where}, concurrency as by default, p95 of "
        f"the healthy ones; the {healthy} alone",
        f"{beside * 1e3:.0f} ms", f"{alone * 1e3:.0f} ms", ratio, "≤ 1.5", ratio <= 1.5,
    )  # fmt: skip


PARTS = {"own": lambda: _beside(True), "one": lambda: _beside(False)}
