"""What looking and claiming cost where a million deliveries of thousands of listeners wait."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.backlog import fill
from benchmarks.many_listeners.senders import place
from benchmarks.measure import Row, scaled
from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.system.ids import new_listener_id

MANY, LISTENERS = 1_000_000, 10_000
FEW, FEW_LISTENERS = 1_000, 10
AT_ONCE, EACH, TIMES = 10, 10, 50
"""A claim for so many listeners, so many deliveries each, so often."""


def run() -> Iterator[Row]:
    """The rows."""
    with place() as conf:
        sizes = ((scaled(MANY), scaled(LISTENERS)), (FEW, FEW_LISTENERS))
        many, few = (_costs(conf.with_name(f"{pending}.sqlite"), pending, listeners) for pending, listeners in sizes)
    (pending, listeners), _ = sizes
    what = f"{pending:,} pending over {listeners:,} listeners; {FEW:,} over {FEW_LISTENERS}"
    ratio = many[0] / few[0]
    yield Row(f"a claim for {AT_ONCE} listeners, {EACH} deliveries each, with {what}", f"{many[0] * 1e6:.0f} µs",
              f"{few[0] * 1e6:.0f} µs", ratio, "flat (≤ 1.5)", ratio <= 1.5)  # fmt: skip
    yield Row(f"a look at who has something due, with {what}", f"{many[1] * 1e6:.0f} µs", f"{few[1] * 1e6:.0f} µs",
              None, "none: it grows with the listeners", None)  # fmt: skip


def _costs(path: Path, pending: int, listeners: int) -> tuple[float, float]:
    """Median seconds of a claim, and of a look."""
    ids = [new_listener_id() for _ in range(listeners)]
    fill(path, ids, pending)
    outbox = SQLiteOutbox(path)
    tries = iter(range(TIMES))

    def claim() -> None:
        first = next(tries) * AT_ONCE
        requests = [ClaimRequest(ids[(first + n) % len(ids)], EACH) for n in range(AT_ONCE)]
        outbox.claim(requests, 60.0, "bench")

    def timed(act: Callable[[], object], times: int) -> float:
        found = []
        for _ in range(times):
            began = time.perf_counter()
            act()
            found.append(time.perf_counter() - began)
        return statistics.median(found)

    look = timed(outbox.ready, 5)
    # As many as there are in the small outbox: afterwards its listeners have nothing left.
    cost = timed(claim, min(TIMES, pending // (AT_ONCE * EACH)))
    outbox.close()
    return cost, look


PARTS = {"claims": run}
