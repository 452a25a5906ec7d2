"""What a worker takes that has nothing to do, and much to remember."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.backlog import fill
from benchmarks.isolation import cpu
from benchmarks.many_listeners.senders import create, place
from benchmarks.measure import Row, scaled
from benchmarks.throughput import WORKER
from pulp_events import EventBus

LISTENERS, FINISHED = 10_000, 500_000
SETTLES, LASTS = 10.0, 60.0
"""Seconds: until the worker has opened everything, and that are measured; it cleans once in them."""


def run() -> Iterator[Row]:
    """The rows."""
    listeners, finished = scaled(LISTENERS), scaled(FINISHED)
    with place() as conf:
        with EventBus.open(conf, deliver="external") as bus:
            ids = create(bus, [f"http://127.0.0.1/{number}" for number in range(listeners)])
        outbox = conf.parent / "data" / "outbox.sqlite"
        fill(outbox, ids, finished)
        with sqlite3.connect(outbox) as connection:
            connection.execute("UPDATE pulp_delivery SET state = 'delivered', finished = ?", (time.time(),))
        connection.close()
        environment = {**os.environ, "PULP_EVENTS_CONFIG": str(conf)}
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
        try:
            time.sleep(SETTLES)
            before = cpu(worker.pid)
            time.sleep(LASTS)
            share = (cpu(worker.pid) - before) / LASTS
        finally:
            worker.terminate()
            worker.wait()
    yield Row(f"idle worker with {listeners:,} listeners and {finished:,} finished deliveries, share of one CPU",
              f"{share:.2%}", "", None, "< 0.5 %", share < 0.005)  # fmt: skip


PARTS = {"idle": run}
