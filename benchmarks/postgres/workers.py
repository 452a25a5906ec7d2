"""Workers: one against two, and one against procrastinate's on the same server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.measure import Row, in_turn
from benchmarks.postgres.homes import numbers, settings_for, skipped
from benchmarks.postgres.procrastinate import jobs_per_second

WORKER = """
import sys, time, types
from marshmallow import Schema, fields
from pulp_events import Channel, EventBus, Notifier, hookimpl
from pulp_events.plugins.registry import Plugins
from pulp_events.worker.worker import Worker

class Config(Schema):
    seconds = fields.Float(load_default=0.0)

class Idle(Notifier):
    type_id = "idle"
    config_schema = Config
    def open(self, config, settings):
        class Open(Channel):
            def send(self, delivery):
                if config.get("seconds"):
                    time.sleep(config["seconds"])
        return Open()

module = types.ModuleType("idle")
module.pulp_notifiers = hookimpl(lambda: [Idle()])
def open_bus():
    plugins = Plugins.load()
    plugins.add("idle", module)
    return EventBus.open(sys.argv[1], deliver=sys.argv[2], plugins=plugins)
if sys.argv[2] == "external":
    with open_bus() as bus:
        for _ in range(int(sys.argv[4])):
            bus.listeners.create("idle", {"seconds": float(sys.argv[5])}, ["*"], lanes=int(sys.argv[6]))
        for _ in range(int(sys.argv[3]) // 500):
            bus.emit_many([("repo.sync.start", {"padding": "x" * 600})] * 500)
else:
    sys.exit(Worker(open_bus).run())
"""


def _drained(server: Any, workers: int, events: int, listeners: int, seconds: float, lanes: int) -> float:
    """Deliveries per second of so many workers that find a backlog, from the first attempt to the last result."""
    import psycopg

    name = f"drained_{next(numbers)}"
    url = server.create(name)
    with settings_for(url) as conf:
        start = [sys.executable, "-c", WORKER, str(conf)]
        subprocess.run([*start, "external", *map(str, (events, listeners, seconds, lanes))], check=True)
        running = [subprocess.Popen([*start, "background"]) for _ in range(workers)]
        try:
            with psycopg.connect(url, password="pw", autocommit=True) as connection:
                pending = "SELECT 1 FROM pulp_delivery WHERE state = 'pending' LIMIT 1"
                while connection.execute(pending).fetchone():
                    time.sleep(0.05)
                row = connection.execute(
                    "SELECT count(*), max(finished) - (SELECT min(started) FROM pulp_attempt) FROM pulp_delivery"
                ).fetchone()
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait()
    server.drop(name)
    return float(row[0] / row[1])  # type: ignore[index]


def rows(server: Any) -> Iterator[Row]:
    """Deliveries per second."""
    one, two = in_turn(
        lambda: _drained(server, 1, 2000, 4, 0.01, 2), lambda: _drained(server, 2, 4000, 4, 0.01, 2), rounds=3
    )
    yield Row("PostgreSQL: 2 workers; 1 worker (endpoints take 10 ms, 4 listeners, 2 lanes each)", f"{two:.0f}/s",
              f"{one:.0f}/s", two / one, "≥ 1.8", two / one >= 1.8)  # fmt: skip
    alone = jobs_per_second(server)
    if alone is None:
        yield skipped("PostgreSQL: procrastinate is not installed; pip install procrastinate")
        return
    mine, theirs = in_turn(lambda: _drained(server, 1, 10_000, 1, 0.0, 4), lambda: jobs_per_second(server) or 0.0,
                           rounds=3)  # fmt: skip
    yield Row("PostgreSQL: no-op deliveries, 1 worker; no-op jobs of procrastinate, 1 worker", f"{mine:.0f}/s",
              f"{theirs:.0f}/s", mine / theirs, "≥ 10", mine / theirs >= 10)  # fmt: skip
