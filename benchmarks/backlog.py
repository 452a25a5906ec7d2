"""A million pending deliveries: what a worker's memory and a claim cost then."""

from __future__ import annotations

import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, folder
from benchmarks.throughput import WORKER
from pulp_events import EventBus
from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.testing.http_sink import Answer, HttpSink

MANY, FEW = 1_000_000, 1_000


def fill(path: Path, listeners: list[str], count: int) -> None:
    """Store deliveries as emit does, in one transaction."""
    SQLiteOutbox(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO pulp_event (seq, id, event_type, time, source, report) VALUES (?, ?, 'repo.sync.start', ?, '', ?)",
        ((n, f"event-{n:09}", time.time(), b'{"call_report":{},"event_type":"repo.sync.start","payload":{}}')
         for n in range(1, count + 1)),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state) VALUES (?, 0, ?, '', 'pending')",
        ((n, listeners[n % len(listeners)]) for n in range(1, count + 1)),
    )
    connection.execute("COMMIT")
    connection.close()


def claim_cost(path: Path, listener: str) -> float:
    """Median seconds of looking for work and claiming 10 deliveries."""
    outbox = SQLiteOutbox(path)
    found = []
    for n in range(50):
        began = time.perf_counter()
        outbox.ready()
        claim = outbox.claim([ClaimRequest(listener, 10)], 60.0, f"t{n}")
        found.append(time.perf_counter() - began)
        outbox.release(claim.deliveries)
    outbox.close()
    return statistics.median(found)


def memory(place: Path, listeners: list[str]) -> float:
    """Peak resident memory of a worker on the backlog, in MB."""
    environment = {**os.environ, "PULP_EVENTS_CONFIG": str(place / "server.conf")}
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
    time.sleep(20)
    status = Path(f"/proc/{worker.pid}/status").read_text()
    worker.terminate()
    worker.wait()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def run() -> Iterator[Row]:
    """The rows."""
    with folder() as place, HttpSink(lambda request: Answer(delay=0.001)) as sink:
        with EventBus.open(place / "server.conf", deliver="external") as bus:
            ids = [bus.listeners.create("http", {"url": sink.url}, ["*"]).id for _ in range(10)]
        fill(place / "few.sqlite", ids, FEW)
        (place / "data").mkdir(exist_ok=True)
        fill(place / "data" / "outbox.sqlite", ids, MANY)
        few = claim_cost(place / "few.sqlite", ids[0])
        many = claim_cost(place / "data" / "outbox.sqlite", ids[0])
        yield Row("look and claim with 1,000,000 pending; with 1,000", f"{many * 1e6:.0f} µs", f"{few * 1e6:.0f} µs",
                  many / few, "flat (≤ 1.5)", many / few <= 1.5)  # fmt: skip
        peak = memory(place, ids)
        yield Row("peak memory of a worker on 1,000,000 pending", f"{peak:.0f} MB", "", None, "≤ 150 MB", peak <= 150)
