"""How long `delivery stats` and `config check` take with 3,000,000 deliveries that are kept, and with 1,000.

The two are run in turns, each as a process of its own, and the medians compared: the limit is 2. The outbox is one of
an earlier release that was upgraded: its deliveries and attempts are written by SQL, and then counted in the steps that
`maintain` makes; how long one in twenty of these takes is a row, as others wait for it.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row, rounds, scaled
from benchmarks.start_up import seconds
from pulp_events import EventBus
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.states import FINISHED

SIZES = (1_000, 3_000_000)
LISTENERS = 20
TYPES = ("repo.sync.start", "repo.sync.finish", "repo.publish.start", "repo.publish.finish")
WEEK = 7 * 86400.0
PENDING = 100
STEP = 0.1
"""Seconds that one step of counting may take."""
COMMANDS = {
    "delivery stats": ["delivery", "stats"],
    "delivery stats --since 1d --sort failing": ["delivery", "stats", "--since=1d", "--sort=failing"],
    "delivery stats --since 7d --by event-type": ["delivery", "stats", "--since=7d", "--by=event-type"],
    "config check": ["config", "check"],
}
_NUMBERS = "WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ?)"
_TYPE = "CASE i % 4 {} END".format(" ".join(f"WHEN {at} THEN '{name}'" for at, name in enumerate(TYPES)))


def fill(folder: Path, size: int) -> None:
    """So many deliveries of a week: 1 of 100 dead, the last PENDING wait for a retry, each other has an attempt."""
    (folder / "server.conf").write_text(f"[events]\ndata_dir = {folder / 'data'}\n")
    with EventBus.open(folder / "server.conf", deliver="external") as bus:
        for _ in range(LISTENERS):
            bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        listeners = [listener.id for listener in bus.listeners.list()]
        bus.deliveries.stats()
    begin = time.time() - WEEK
    report = b'{"call_report": {}, "event_type": "repo.sync.start", "payload": {"text": "%s"}}' % (b"x" * 100)
    with sqlite3.connect(folder / "data" / "outbox.sqlite") as connection:
        connection.execute("CREATE TEMP TABLE them (at INTEGER PRIMARY KEY, id TEXT)")
        connection.executemany("INSERT INTO them VALUES (?, ?)", enumerate(listeners))
        connection.execute(
            f"{_NUMBERS} INSERT INTO pulp_event (seq, id, event_type, time, source, report) "
            f"SELECT i, printf('%032x', i), {_TYPE}, ? + i * ?, 'bench', ? FROM number",
            (size, begin, WEEK / size, report),
        )
        connection.execute(
            f"{_NUMBERS} INSERT INTO pulp_delivery "
            "(event_seq, n, listener_id, target, state, attempts, finished, ready_at) "
            "SELECT i, 0, (SELECT id FROM them WHERE at = i % ?), '', "
            "CASE WHEN i > ? THEN 'pending' WHEN i % 100 = 7 THEN 'dead' ELSE 'delivered' END, i <= ?, "
            "CASE WHEN i <= ? THEN ? + i * ? + 0.2 END, CASE WHEN i <= ? THEN 0 ELSE ? END FROM number",
            (size, LISTENERS, *[size - PENDING] * 3, begin, WEEK / size, size - PENDING, time.time() + WEEK),
        )
        connection.execute(
            "INSERT INTO pulp_attempt SELECT event_seq, n, 1, finished - 0.1, 0.1, "
            "CASE state WHEN 'dead' THEN 'permanent' ELSE state END, '200 OK', NULL FROM pulp_delivery "
            "WHERE state <> 'pending'"
        )
        connection.execute("UPDATE pulp_counted SET old = (SELECT max(seq) FROM pulp_event), began = ?", (time.time(),))


def count(folder: Path) -> tuple[float, float]:
    """Count them, as a worker does; seconds in all, and those that one step of 20 takes at least."""
    outbox = SQLiteOutbox(folder / "data" / "outbox.sqlite")
    began = time.monotonic()
    steps = []
    keep = dict.fromkeys(FINISHED, 1e9)
    while not is_counted(outbox):
        at = time.monotonic()
        outbox.maintain(keep)
        steps.append(time.monotonic() - at)
    outbox.close()
    return time.monotonic() - began, sorted(steps)[len(steps) * 19 // 20]


def is_counted(outbox: SQLiteOutbox) -> bool:
    """Whether no event is left."""
    with sqlite3.connect(outbox.path) as connection:
        found = connection.execute("SELECT seq >= (SELECT max(seq) FROM pulp_event) FROM pulp_counted").fetchone()
    return bool(found[0])


def run() -> Iterator[Row]:
    """A row for each command, and one for the counting."""
    with tempfile.TemporaryDirectory(prefix="pulp-events-bench-") as name:
        environments = []
        for size in map(scaled, SIZES):
            folder = Path(name) / str(size)
            folder.mkdir()
            fill(folder, max(size, 2 * PENDING))
            spent, step = count(folder)
            environments.append({**os.environ, "PULP_EVENTS_CONFIG": str(folder / "server.conf")})
        label = f"upgrade an outbox with {size:,} deliveries: count them, in all and the p95 of a step"
        yield Row(label, f"{spent:.0f} s; {step * 1000:.0f} ms", "–", None, f"step ≤ {STEP:g} s", step <= STEP)
        program = str(Path(sys.executable).with_name("pulp-admin"))
        for what, words in COMMANDS.items():
            times: list[list[float]] = [[], []]
            for number in range(rounds(9) + 1):
                for index in (0, 1):
                    took = seconds([program, "event", *words], environments[index])
                    times[index] += [took] if number else []  # the first one warms up
            small, large = map(statistics.median, times)
            ratio = large / small
            label = f"`{what}` with {size:,} kept deliveries; with {scaled(SIZES[0]):,}"
            yield Row(label, f"{large * 1000:.0f} ms", f"{small * 1000:.0f} ms", ratio, "≤ 2", ratio <= 2)
