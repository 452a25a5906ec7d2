"""Claim and record while another session holds one snapshot: nothing that is changed or deleted can be vacuumed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.measure import Row
from benchmarks.postgres.homes import BATCH, LISTENER, events, outbox_in, results
from pulp_events.outbox.records import ClaimRequest

HELD = int(os.environ.get("PULP_EVENTS_BENCH_HELD", "1000000"))
"""Deliveries that are made while the snapshot is held."""
FREE = max(20_000, HELD // 10)
"""Deliveries that are made before, and in each part of which the rate is taken."""
BEHIND = 5_000
"""Deliveries that are stored at a time."""


def rows(server: Any) -> Iterator[Row]:
    """Deliveries per second: the slowest tenth under the snapshot, against what was made just before without one."""
    import psycopg

    with outbox_in(server, "held") as outbox:
        make = _passing(outbox)
        make(FREE)
        free = make(FREE)
        with psycopg.connect(server.url("held"), password="pw") as neighbour:
            neighbour.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            neighbour.execute("SELECT count(*) FROM pulp_delivery")
            rates = [make(FREE) for _ in range(max(1, HELD // FREE))]
            dead = outbox.database.rows("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'pulp_delivery'")
            neighbour.rollback()
    worst = min(rates)
    yield Row(f"PostgreSQL: claim + record, 100 a batch, retention on: slowest of {len(rates)} parts of {HELD:,} "
              f"deliveries under a neighbour's snapshot ({dead[0][0]:,} dead rows; last part {rates[-1]:.0f}/s); without",
              f"{worst:.0f}/s", f"{free:.0f}/s", worst / free, "≥ 0.8", worst / free >= 0.8)  # fmt: skip


def _passing(outbox: Any) -> Callable[[int], float]:
    def make(count: int) -> float:
        spent, swept = 0.0, time.monotonic()
        for _ in range(count // BEHIND):
            for _ in range(BEHIND // 1000):
                outbox.add(events(1000))
            began = time.perf_counter()
            outbox.ready()
            while found := outbox.claim([ClaimRequest(LISTENER, BATCH)], 60.0, "token").deliveries:
                outbox.record(results(found))
            if time.monotonic() - swept > 1.0:
                swept = time.monotonic()
                while outbox.maintain(2.0, 2.0):
                    pass
            spent += time.perf_counter() - began
        return count / spent

    return make
