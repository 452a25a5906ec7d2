"""Sizes of the tables while very many deliveries pass through them and are deleted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.measure import Row
from benchmarks.postgres.homes import BATCH, LISTENER, events, outbox_in, results
from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.states import FINISHED

RETAINED = int(os.environ.get("PULP_EVENTS_BENCH_RETAINED", "1000000"))
"""Deliveries that go through the tables while they are cleaned."""


def rows(server: Any) -> Iterator[Row]:
    """Sizes of the tables while deliveries pass through them and are deleted two seconds after they are done."""
    with outbox_in(server, "retention") as outbox:
        sizes, slowest, done, swept = [], 0.0, 0, time.monotonic()
        while done < RETAINED:
            for _ in range(5):
                outbox.add(events(1000))
            while found := outbox.claim([ClaimRequest(LISTENER, BATCH)], 60.0, "token").deliveries:
                outbox.record(results(found))
            done += 5000
            if time.monotonic() - swept > 1.0:
                more = True
                while more:
                    began = time.perf_counter()
                    more = outbox.maintain(dict.fromkeys(FINISHED, 2.0))
                    slowest = max(slowest, time.perf_counter() - began)
                swept = time.monotonic()
            if done % (RETAINED // 10) < 5000:
                sizes.append(outbox.database.rows(_SIZE)[0][0] / 2**20)
    half = max(sizes[: len(sizes) // 2])
    rest = max(sizes[len(sizes) // 2 :])
    yield Row(f"PostgreSQL: largest size of tables and indexes, second half of {RETAINED:,} deliveries; first half",
              f"{rest:.0f} MiB", f"{half:.0f} MiB", rest / half, "≤ 1.3", rest / half <= 1.3)  # fmt: skip
    yield Row("PostgreSQL: longest step of cleaning meanwhile", f"{slowest * 1000:.0f} ms", "", None, "–", None)


_SIZE = """
SELECT sum(pg_total_relation_size(oid)) FROM pg_class
WHERE relname IN ('pulp_event', 'pulp_delivery', 'pulp_attempt') AND relkind = 'r'
"""
