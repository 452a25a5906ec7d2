"""Claim and record while another session holds one snapshot: nothing that is changed or deleted can be vacuumed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.measure import Row
from benchmarks.postgres.homes import BATCH, LISTENER, events, outbox_in, results
from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.states import FINISHED

HELD = int(os.environ.get("PULP_EVENTS_BENCH_HELD", "1000000"))
"""Deliveries that are made while the snapshot is held."""
PART = 10_000
"""Deliveries that are made in turn: with the snapshot, and in another database, which it does not keep anything in."""
STORED = 5_000
"""Deliveries that are stored at a time."""


def rows(server: Any) -> Iterator[Row]:
    """Deliveries per second under the snapshot, in the worst quarter of the time, and without."""
    import psycopg

    with outbox_in(server, "held") as outbox, outbox_in(server, "free") as other:
        held, free = _passing(outbox), _passing(other)
        for make in (held, free):
            make(2 * PART)
        with psycopg.connect(server.url("held"), password="pw") as neighbour:
            neighbour.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            neighbour.execute("SELECT count(*) FROM pulp_delivery")
            spent = [(held(PART), free(PART)) for _ in range(max(4, HELD // PART))]
            [(dead,)] = outbox.database.rows(_DEAD)
            neighbour.rollback()
    quarter = len(spent) // 4
    quarters = [spent[at : at + quarter] for at in range(0, quarter * 4, quarter)]
    rates = [[quarter * PART / sum(part[which] for part in each) for which in (0, 1)] for each in quarters]
    ours, theirs = min(rates, key=lambda each: each[0] / each[1])
    yield Row(f"PostgreSQL: claim + record, 100 a batch, retention on, worst quarter of {HELD:,} deliveries under a "
              f"neighbour's snapshot (at last {rates[-1][0]:.0f}/s, {dead:,} dead rows); in turn without",
              f"{ours:.0f}/s", f"{theirs:.0f}/s", ours / theirs, "≥ 0.8", ours / theirs >= 0.8)  # fmt: skip


_DEAD = "SELECT sum(n_dead_tup)::int8 FROM pg_stat_user_tables WHERE relname IN ('pulp_delivery', 'pulp_event')"


def _passing(outbox: Any) -> Callable[[int], float]:
    swept = time.monotonic()

    def make(count: int) -> float:
        """Seconds that so many deliveries take, from being stored on, cleaning included."""
        nonlocal swept
        spent = 0.0
        for _ in range(count // STORED):
            for _ in range(STORED // 1000):
                outbox.add(events(1000))
            began = time.perf_counter()
            outbox.ready()
            while found := outbox.claim([ClaimRequest(LISTENER, BATCH)], 60.0, "token").deliveries:
                outbox.record(results(found))
            if time.monotonic() - swept > 2.0:
                swept = time.monotonic()
                while outbox.maintain(dict.fromkeys(FINISHED, 2.0)):
                    pass
            spent += time.perf_counter() - began
        return spent

    return make
