"""The PostgreSQL outbox: against bare SQL, against procrastinate on the same server, and over a million deliveries."""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.measure import Row, in_turn
from pulp_events.outbox.delivery import Attempt
from pulp_events.outbox.records import NewDelivery, NewEvent, Result

TESTS = Path(__file__).resolve().parents[1] / "plugins" / "postgres" / "tests"
LISTENER = "a" * 24
BODY = b"x" * 680
BATCH = 100
COUNT = 10_000
JOBS = 2_000
RETAINED = int(os.environ.get("PULP_EVENTS_BENCH_RETAINED", "1000000"))
"""Deliveries that go through the tables while they are cleaned."""


def run() -> Iterator[Row]:
    """The rows."""
    try:
        import psycopg  # noqa: F401

        import pulp_events_postgres  # noqa: F401
    except ImportError as error:
        yield _skipped(f"PostgreSQL: {error}; pip install -e plugins/postgres")
        return
    servers = _load("server")
    binaries = servers.binaries()
    if binaries is None:
        yield _skipped("PostgreSQL is not installed; .ci/install-postgres")
        return
    server = servers.Server(binaries)
    try:
        yield _claiming(server)
        yield _emitting(server)
        yield from _workers(server)
        yield from _retention(server)
    finally:
        server.close()


def _skipped(why: str) -> Row:
    return Row(why, "", "", None, "–", None)


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"bench_postgres_{name}", TESTS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _outbox(server: Any, name: str) -> Iterator[Any]:
    from pulp_events_postgres.address import make
    from pulp_events_postgres.database import Database
    from pulp_events_postgres.outbox import PostgresOutbox

    outbox = PostgresOutbox(Database(make(server.create(name), "pw")))
    try:
        yield outbox
    finally:
        outbox.close()
        server.drop(name)


_numbers = iter(range(10**9))


def _events(count: int) -> list[NewEvent]:
    now = time.time()
    return [
        NewEvent(f"{next(_numbers):036}", "repo.sync.start", now, "here", BODY, [NewDelivery(LISTENER)])
        for _ in range(count)
    ]


def _results(deliveries: Any) -> list[Result]:
    return [
        Result(delivery, Attempt(delivery.attempts, delivery.event_time, 0.001, "delivered", "200 OK"), "succeed")
        for delivery in deliveries
    ]


def _claiming(server: Any) -> Row:
    with _outbox(server, "claiming") as outbox, _bare(server, "claiming_bare") as connection:

        def ours() -> float:
            for _ in range(COUNT // 1000):
                outbox.add(_events(1000))
            began = time.perf_counter()
            while found := outbox.claim(LISTENER, BATCH, 60.0, "token").deliveries:
                outbox.record(_results(found))
            return COUNT / (time.perf_counter() - began)

        def bare() -> float:
            rows = [(f"{next(_numbers):036}", LISTENER, BODY) for _ in range(COUNT)]
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany("INSERT INTO job (id, listener_id, report) VALUES (%s, %s, %b)", rows)
            began = time.perf_counter()
            while found := connection.execute(_CLAIM, (LISTENER, BATCH)).fetchall():
                connection.execute(_RECORD, ([row[0] for row in found],))
            return COUNT / (time.perf_counter() - began)

        mine, theirs = in_turn(ours, bare)
    return Row("PostgreSQL: claim + record, 100 a batch; two bare SQL statements", f"{mine:.0f}/s", f"{theirs:.0f}/s",
               mine / theirs, "≥ 0.7", mine / theirs >= 0.7)  # fmt: skip


_TABLE = """
CREATE TABLE job (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, listener_id text,
                  report bytea, state text NOT NULL DEFAULT 'pending', lease text, ready_at timestamptz,
                  finished timestamptz);
CREATE INDEX ON job (listener_id, seq) WHERE state = 'pending' AND lease IS NULL;
"""
_CLAIM = """
UPDATE job SET lease = 'token', ready_at = now() + interval '60 s' WHERE seq IN (
    SELECT seq FROM job WHERE state = 'pending' AND lease IS NULL AND listener_id = %s ORDER BY seq LIMIT %s
    FOR UPDATE SKIP LOCKED)
RETURNING seq, id, report
"""
_RECORD = "UPDATE job SET state = 'delivered', finished = now(), lease = NULL WHERE seq = ANY (%s)"


@contextmanager
def _bare(server: Any, name: str) -> Iterator[Any]:
    import psycopg

    url = server.create(name)
    with psycopg.connect(url, password="pw", autocommit=True) as connection:
        connection.execute(_TABLE)
        yield connection
    server.drop(name)


def _emitting(server: Any) -> Row:
    import psycopg

    from pulp_events import EventBus

    with _settings(server.create("emitting")) as conf, EventBus.open(conf, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        payload = {"repo_id": "pulp2", "padding": "x" * 600}
        connection = psycopg.connect(server.create("emitting_bare"), password="pw")
        connection.execute(
            "CREATE TABLE event (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text UNIQUE, report bytea)"
        )
        connection.commit()

        def commit() -> None:
            connection.execute("INSERT INTO event (id, report) VALUES (%s, %b)", (f"{next(_numbers):036}", BODY))
            connection.commit()

        def median(action: Callable[[], object]) -> float:
            found = []
            for _ in range(1500):
                began = time.perf_counter()
                action()
                found.append(time.perf_counter() - began)
            return statistics.median(found)

        mine, theirs = in_turn(lambda: median(lambda: bus.emit("repo.sync.start", payload)), lambda: median(commit))
        connection.close()
    return Row("PostgreSQL: emit, p50; a bare insert of the same bytes and commit", f"{mine * 1e6:.0f} µs",
               f"{theirs * 1e6:.0f} µs", mine / theirs, "≤ 1.5", mine / theirs <= 1.5)  # fmt: skip


@contextmanager
def _settings(url: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pulp-events-bench-") as folder:
        path = Path(folder) / "server.conf"
        path.write_text(f"[events]\ndata_dir = {folder}/data\n[storage]\nurl = {url}\npassword = pw\n")
        yield path


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

    name = f"drained_{next(_numbers)}"
    url = server.create(name)
    with _settings(url) as conf:
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


def _workers(server: Any) -> Iterator[Row]:
    one, two = in_turn(
        lambda: _drained(server, 1, 2000, 4, 0.01, 2), lambda: _drained(server, 2, 4000, 4, 0.01, 2), rounds=3
    )
    yield Row("PostgreSQL: 2 workers; 1 worker (endpoints take 10 ms, 4 listeners, 2 lanes each)", f"{two:.0f}/s",
              f"{one:.0f}/s", two / one, "≥ 1.8", two / one >= 1.8)  # fmt: skip
    alone = _procrastinate(server)
    if alone is None:
        yield _skipped("PostgreSQL: procrastinate is not installed; pip install procrastinate")
        return
    mine, theirs = in_turn(lambda: _drained(server, 1, 10_000, 1, 0.0, 4), lambda: _procrastinate(server) or 0.0,
                           rounds=3)  # fmt: skip
    yield Row("PostgreSQL: no-op deliveries, 1 worker; no-op jobs of procrastinate, 1 worker", f"{mine:.0f}/s",
              f"{theirs:.0f}/s", mine / theirs, "≥ 10", mine / theirs >= 10)  # fmt: skip


PROCRASTINATE = """
import sys, time, asyncio, logging
import procrastinate
logging.disable(logging.CRITICAL)
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=sys.argv[1]))

@app.task(name="noop")
async def noop(padding):
    pass

async def main():
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        count = int(sys.argv[2])
        await noop.batch_defer_async(*[{"padding": "x" * 600}] * count)
        began = time.perf_counter()
        await app.run_worker_async(wait=False, concurrency=int(sys.argv[3]), install_signal_handlers=False)
        print(count / (time.perf_counter() - began))

asyncio.run(main())
"""


def _procrastinate(server: Any, concurrency: int = 4) -> float | None:
    """Its jobs per second, as many at once as our worker has lanes."""
    if importlib.util.find_spec("procrastinate") is None:
        return None
    name = f"procrastinate_{next(_numbers)}"
    url = server.create(name).replace("pulp@", "pulp:pw@")
    done = subprocess.run(
        [sys.executable, "-c", PROCRASTINATE, url, str(JOBS), str(concurrency)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    server.drop(name)
    return float(done.stdout.split()[-1])


def _retention(server: Any) -> Iterator[Row]:
    """Sizes of the tables while deliveries pass through them and are deleted two seconds after they are done."""
    with _outbox(server, "retention") as outbox:
        sizes, slowest, done, swept = [], 0.0, 0, time.monotonic()
        while done < RETAINED:
            for _ in range(5):
                outbox.add(_events(1000))
            while found := outbox.claim(LISTENER, BATCH, 60.0, "token").deliveries:
                outbox.record(_results(found))
            done += 5000
            if time.monotonic() - swept > 1.0:
                more = True
                while more:
                    began = time.perf_counter()
                    more = outbox.maintain(2.0, 2.0)
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
