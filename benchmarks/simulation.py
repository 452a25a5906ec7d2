"""Queue growth and lag for 10^3 to 10^6 deliveries a second, slow endpoints among them.

A model, not a measurement: time in steps of a quarter second; each listener is a queue with `lanes` servers; databases
and workers have the capacities that were measured on one machine (see docs/scaling.md). It answers two questions: does
the queue grow without end, and who waits. A listener whose endpoint is slow must be the only one that waits.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.measure import Row

STEP = 0.25
"""Seconds."""
MINUTES = 5.0


@dataclass(frozen=True)
class System:
    """What serves the load. Rates in deliveries a second."""

    workers: int
    databases: int
    worker_rate: float = 1_800.0
    """One process that POSTs: half a core, the HTTP client being most of it."""
    database_rate: float = 8_000.0
    """One database: add + claim + record of one delivery each, on the machine that the benchmarks ran on."""
    lanes: int = 4
    """Deliveries of one listener under way at once, per worker."""


@dataclass(frozen=True)
class Load:
    """What comes in. A part of the listeners has endpoints that answer slowly."""

    rate: float
    listeners: int
    slow: float = 0.02
    seconds: float = 0.02
    """A quick endpoint's answer takes so long."""
    slow_seconds: float = 2.0
    batch: int = 100


@dataclass(frozen=True)
class Outcome:
    """After MINUTES: what waits, and how long it will."""

    backlog_quick: float
    backlog_slow: float
    lag_quick: float
    """Seconds that the last delivery of a quick listener waits."""
    lag_slow: float
    used: float
    """Part of the capacity that was used in the last minute."""


def simulate(load: Load, system: System, dice: random.Random | None = None) -> Outcome:
    """Let `load` come in for MINUTES.

    Quick and slow listeners are two groups, each with its own queue and its own limit of lanes; what workers and
    databases can do is divided as a dispatcher that takes listeners in turn divides it.
    """
    dice = dice or random.Random(1)
    slow_listeners = round(load.listeners * load.slow)
    groups = [(load.listeners - slow_listeners, load.seconds), (slow_listeners, load.slow_seconds)]
    capacity = min(system.workers * system.worker_rate, system.databases * system.database_rate)
    # A listener's endpoint is asked by at most `lanes` lanes of each worker.
    limits = [count * system.lanes * system.workers / seconds for count, seconds in groups]
    queues = [0.0, 0.0]
    served_last, steps = 0.0, int(MINUTES * 60 / STEP)
    rates = [0.0, 0.0]
    for step in range(steps):
        for group, (count, _) in enumerate(groups):
            share = count / load.listeners
            queues[group] += dice.gauss(1.0, 0.05) * load.rate * share * STEP
        wanted = [min(queue, limit * STEP) for queue, limit in zip(queues, limits, strict=True)]
        granted = share_out(capacity * STEP, wanted, [count for count, _ in groups])
        for group, served in enumerate(granted):
            queues[group] -= served
            rates[group] = served / STEP
            if step >= steps - 60 / STEP:
                served_last += served
    lags = [queue / rate if rate else 0.0 for queue, rate in zip(queues, rates, strict=True)]
    return Outcome(queues[0], queues[1], lags[0] + load.seconds, lags[1] + load.slow_seconds,
                   served_last / 60 / capacity)  # fmt: skip


def share_out(total: float, wanted: list[float], listeners: list[int]) -> list[float]:
    """Each listener the same, and what one does not want to the others.

    >>> share_out(10.0, [20.0, 1.0], [8, 2])
    [9.0, 1.0]
    """
    granted = [0.0] * len(wanted)
    open_groups = [group for group, wish in enumerate(wanted) if wish > 0]
    while open_groups and total > 1e-9:
        each = total / sum(listeners[group] for group in open_groups)
        sated = [group for group in open_groups if wanted[group] <= each * listeners[group]]
        for group in sated or open_groups:
            granted[group] = wanted[group] if sated else each * listeners[group]
            total -= granted[group]
        open_groups = [group for group in open_groups if sated and group not in sated]
    return granted


CASES = (
    ("1,000/s, 1 worker, 1 database", Load(1e3, 200), System(1, 1)),
    ("1,000/s, the same with 4 workers", Load(1e3, 200), System(4, 1)),
    ("2,200/s, 1 worker: too few", Load(2.2e3, 200), System(1, 1)),
    ("10,000/s, 7 workers, 2 databases", Load(1e4, 1_000), System(7, 2)),
    ("10,000/s, 7 workers, 1 database: too few", Load(1e4, 1_000), System(7, 1)),
    ("100,000/s, 70 workers, 15 databases", Load(1e5, 10_000), System(70, 15)),
    ("1,000,000/s, 700 workers, 150 databases", Load(1e6, 100_000), System(700, 150)),
    ("1,000/s, half of the listeners slow, 1 worker", Load(1e3, 200, slow=0.5), System(1, 1)),
    ("1,000/s, half of 20 listeners answer after 30 s", Load(1e3, 20, slow=0.5, slow_seconds=30.0), System(1, 1)),
)


def run() -> Iterator[Row]:
    """A row for each case: lag of the quick listeners, of the slow ones, and whether the former stay undelayed."""
    for name, load, system in CASES:
        found = simulate(load, system)
        yield Row(
            f"simulation: {name}; backlog after {MINUTES:g} min, quick and slow listeners",
            f"{found.backlog_quick:,.0f} (lag {found.lag_quick:.2g} s)",
            f"{found.backlog_slow:,.0f} (lag {found.lag_slow:.2g} s)",
            found.used,
            "used part",
            None,
        )
