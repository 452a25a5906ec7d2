"""Deliveries a second, processor time and memory, where each of thousands of listeners gets a few events."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.many_listeners.senders import HAS_CONCURRENCY, Measured, bare_aiohttp, ours, pool
from benchmarks.many_listeners.sink import ManySink
from benchmarks.measure import Row, rounds, scaled

THREADS = (32, 200, 1000)
ROUNDS = 3
MEMORY = 120.0
"""MB, at 5,000 listeners."""


@dataclass(frozen=True)
class Load:
    """How many listeners get how many events, answered after how many seconds; what is asked of the rate."""

    listeners: int
    events: int
    delay: float
    concurrency: int | None
    """None: the default of `[delivery] concurrency`."""
    target: float

    @property
    def name(self) -> str:
        """In words."""
        after = "at once" if not self.delay else f"after {self.delay * 1000:g} ms"
        return f"{scaled(self.listeners):,} listeners × {self.events}, answered {after}"


LOADS = (
    Load(1000, 3, 0.0, None, 1.0),
    Load(5000, 1, 0.0, None, 0.8),
    Load(1000, 2, 0.1, None, 1.0),
    Load(2000, 1, 1.0, 1000, 0.9),
)


def run() -> Iterator[Row]:
    """The rows."""
    for part in PARTS.values():
        yield from part()


def _against_pools(load: Load, own: bool) -> Iterator[Row]:
    count = scaled(load.listeners)
    with ManySink(load.delay) as sink:
        urls = sink.urls(count, own)
        mine, *pools = _in_turn(
            lambda: ours(sink, urls, load.events, load.concurrency),
            *(lambda threads=threads: pool(sink, urls, load.events, threads) for threads in THREADS),
        )
    best, threads = max(zip(pools, THREADS, strict=True), key=lambda each: each[0].rate)
    where = f"{load.name}, {_origins(own)}, {_width(load.concurrency)}"
    peer = f"pool of `requests` sessions, best of {', '.join(map(str, THREADS))} threads"
    ratio = mine.rate / best.rate
    yield Row(f"{where}; {peer}", f"{mine.rate:.0f}/s", f"{best.rate:.0f}/s ({threads})", ratio,
              f"≥ {load.target}", ratio >= load.target)  # fmt: skip
    cost = mine.cpu / best.cpu
    yield Row(f"{where}: processor time of each; the same pool", f"{mine.cpu * 1e3:.2f} ms", f"{best.cpu * 1e3:.2f} ms",
              cost, "≤ 1.3", cost <= 1.3)  # fmt: skip
    binding = load.listeners == 5000
    yield Row(f"{where}: peak memory; the same pool", f"{mine.memory:.0f} MB", f"{best.memory:.0f} MB", None,
              f"≤ {MEMORY:.0f} MB" if binding else "none", mine.memory <= MEMORY if binding else None)  # fmt: skip


def _against_aiohttp(load: Load) -> Iterator[Row]:
    count, width = scaled(load.listeners), load.concurrency or 1000
    with ManySink(load.delay) as sink:
        urls = sink.urls(count, own=True)
        mine, bare = _in_turn(
            lambda: ours(sink, urls, load.events, width, kind="bench-async"),
            lambda: bare_aiohttp(sink, urls, load.events, width),
        )
    ratio = mine.rate / bare.rate
    yield Row(f"{load.name}, {_origins(True)}, an `async` notifier, {_width(width)}; bare aiohttp, as many at once",
              f"{mine.rate:.0f}/s, {mine.cpu * 1e3:.2f} ms", f"{bare.rate:.0f}/s, {bare.cpu * 1e3:.2f} ms", ratio,
              "≥ 0.7", ratio >= 0.7)  # fmt: skip


def _in_turn(*measurements: Callable[[], Measured]) -> list[Measured]:
    """The medians of several rounds, in each of which all run in turn."""
    found: list[list[Measured]] = [[] for _ in measurements]
    for _ in range(rounds(ROUNDS)):
        for results, measure in zip(found, measurements, strict=True):
            results.append(measure())
    return [
        Measured(*(statistics.median(getattr(one, name) for one in results) for name in ("rate", "cpu", "memory")))
        for results in found
    ]


def _origins(own: bool) -> str:
    return "own origins" if own else "one origin"


def _width(concurrency: int | None) -> str:
    if not HAS_CONCURRENCY:
        return "no setting of concurrency"
    if concurrency is None:
        from pulp_events.settings.sections import DeliverySettings

        return f"concurrency {DeliverySettings().fields['concurrency'].load_default} (default)"
    return f"concurrency {concurrency}"


PARTS = {
    f"{load.listeners}x{load.events}-{how}": partial(part, load, *more)
    for load in LOADS
    for how, part, *more in (
        ("own", _against_pools, True), ("one", _against_pools, False), ("async", _against_aiohttp),
    )
}  # fmt: skip
"""Name → what yields its rows: with origins of their own, with one, and an `async` notifier."""
