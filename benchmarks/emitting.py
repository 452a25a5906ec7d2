"""How long `emit` takes, against a bare commit of the same bytes."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Row, folder, in_turn
from pulp_events import EventBus
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox

COUNT = 1500
PAYLOAD = {"repo_id": "pulp2", "padding": "x" * 600}
URL = {"url": "http://127.0.0.1:9/"}


def timings(action: Callable[[], object], count: int = COUNT) -> list[float]:
    """Seconds that each call takes."""
    found = []
    for _ in range(count):
        began = time.perf_counter()
        action()
        found.append(time.perf_counter() - began)
    return found


def bare(path: Path, durability: str) -> Callable[[], object]:
    """A commit of the same rows, as an outbox written by hand would make it."""
    SQLiteOutbox(path).close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA synchronous = {durability}")
    numbers = iter(range(10**9))
    event = "INSERT INTO pulp_event (id, event_type, time, source, report) VALUES (?, 'repo.sync.start', ?, 'here', ?)"
    delivery = "INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state) VALUES (?, 0, ?, '', 'pending')"
    body = b"x" * 680

    def commit() -> None:
        connection.execute("BEGIN IMMEDIATE")
        seq = connection.execute(event, (f"{next(numbers):036}", time.time(), body)).lastrowid
        connection.execute(delivery, (seq, "a" * 24))
        connection.execute("COMMIT")

    return commit


def run() -> Iterator[Row]:
    """The rows."""
    for durability in ("full", "normal"):
        with folder() as place:
            yield from _emit(place, durability)
    for durability in ("full", "normal"):
        with folder() as place:
            yield _unmatched(place, durability)
    with folder() as place, EventBus.open(place / "server.conf", deliver="external") as bus:
        bus.listeners.create("http", URL, ["*"])
        together, alone, many = in_turn(
            lambda: threads(bus, 8), lambda: threads(bus, 1), lambda: emit_many(bus), rounds=3
        )
        yield Row("8 threads emit at once (group commit); 1 thread", f"{together:.0f}/s", f"{alone:.0f}/s",
                  together / alone, "–", None)  # fmt: skip
        yield Row("emit_many, 100 a call; 1 thread", f"{many:.0f}/s", f"{alone:.0f}/s", many / alone, "–", None)
        yield _loop(bus)
    yield _many_listeners()


def _emit(place: Path, durability: str) -> Iterator[Row]:
    (place / "server.conf").write_text(f"[events]\ndata_dir = {place}/data\n[delivery]\ndurability = {durability}\n")
    with EventBus.open(place / "server.conf", deliver="external") as bus:
        bus.listeners.create("http", URL, ["*"])
        commit = bare(place / "bare.sqlite", durability)
        kept: list[float] = []

        def ours() -> float:
            found = sorted(timings(lambda: bus.emit("repo.sync.start", PAYLOAD)))
            kept.append(found[int(len(found) * 0.99)] / statistics.median(found))
            return statistics.median(found)

        mine, theirs = in_turn(ours, lambda: statistics.median(timings(commit)))
        ratio = mine / theirs
        target = 1.5
        yield Row(f"emit, durability = {durability}, p50; a bare commit of the same bytes", f"{mine * 1e6:.0f} µs",
                  f"{theirs * 1e6:.0f} µs", ratio, f"≤ {target}", ratio <= target)  # fmt: skip
        tail = statistics.median(kept)
        yield Row(f"emit, durability = {durability}, p99; its own p50", "", "", tail, "≤ 5", tail <= 5)


def _unmatched(place: Path, durability: str) -> Row:
    """What it costs to keep an event that no listener matches."""
    data = f"[events]\ndata_dir = {place}/data\nkeep = all\n"
    (place / "server.conf").write_text(f"{data}[delivery]\ndurability = {durability}\n")
    with EventBus.open(place / "server.conf", deliver="external") as bus:
        bus.listeners.create("http", URL, ["repo.sync.start"])
        alone, matched = in_turn(
            *(
                lambda kind=kind: statistics.median(timings(lambda: bus.emit(kind, PAYLOAD)))  # type: ignore[misc]
                for kind in ("repo.publish.start", "repo.sync.start")
            )
        )
        stats = bus.deliveries.stats()
        assert stats.events == 2 * stats.events_alone
    return Row(f"emit, keep = all, no listener matches, durability = {durability}; one does", f"{alone * 1e6:.0f} µs",
               f"{matched * 1e6:.0f} µs", alone / matched, "≤ 1.1", alone / matched <= 1.1)  # fmt: skip


def threads(bus: EventBus, count: int) -> float:
    """Events per second of so many threads."""
    each = COUNT // count

    def work() -> None:
        for _ in range(each):
            bus.emit("repo.sync.start", PAYLOAD)

    running = [threading.Thread(target=work) for _ in range(count)]
    began = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return each * count / (time.perf_counter() - began)


def emit_many(bus: EventBus) -> float:
    """Events per second in calls of 100."""
    began = time.perf_counter()
    for _ in range(COUNT // 100):
        bus.emit_many([("repo.sync.start", PAYLOAD)] * 100)
    return COUNT / (time.perf_counter() - began)


def _loop(bus: EventBus) -> Row:
    """The longest time for which asyncio's loop stood still while 8 tasks emitted."""

    async def measure() -> float:
        longest = 0.0
        done = False

        async def watch() -> None:
            nonlocal longest
            while not done:
                began = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - began - 0.001)

        async def emit() -> None:
            for _ in range(200):
                await bus.emit_async("repo.sync.start", PAYLOAD)

        watcher = asyncio.create_task(watch())
        await asyncio.gather(*(emit() for _ in range(8)))
        done = True
        await watcher
        return longest

    longest = asyncio.run(measure())
    return Row("emit_async: longest stand-still of the event loop", f"{longest * 1000:.1f} ms", "", None, "–", None)


def _many_listeners() -> Row:
    with folder() as few_place, folder() as many_place:
        with (
            EventBus.open(few_place / "server.conf", deliver="external") as few,
            EventBus.open(many_place / "server.conf", deliver="external") as many,
        ):
            for _ in range(3):
                few.listeners.create("http", URL, ["repo.sync.start"])
                many.listeners.create("http", URL, ["repo.sync.start"])
            with many.listeners.together() as more:
                for _ in range(9_997):
                    more.create("http", URL, ["repo.publish.finish"])
            assert len(many.listeners.list()) == 10_000
            mine, theirs = in_turn(
                lambda: statistics.median(timings(lambda: many.emit("repo.sync.start", PAYLOAD), 500)),
                lambda: statistics.median(timings(lambda: few.emit("repo.sync.start", PAYLOAD), 500)),
            )
    return Row("emit, 10,000 listeners of which 3 match; 3 listeners", f"{mine * 1e6:.0f} µs",
               f"{theirs * 1e6:.0f} µs", mine / theirs, "≤ 1.2", mine / theirs <= 1.2)  # fmt: skip
