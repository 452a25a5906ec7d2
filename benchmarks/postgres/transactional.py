"""Emits within transactions of the application: of many sessions at once, and what noticing them costs."""

from __future__ import annotations

import resource
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from benchmarks.measure import Row, in_turn
from benchmarks.postgres.homes import events, outbox_in, settings_for

SESSIONS = 16
EACH = 60
IDLE = 10.0
"""Seconds for which a worker with nothing to do is watched."""


def rows(server: Any) -> Iterator[Row]:
    """Commits per second; seconds until another process notices; what looking takes."""
    with outbox_in(server, "transactional") as outbox:
        url = server.url("transactional")
        bare = "WITH entered AS MATERIALIZED (SELECT true AS done), event AS ("
        from pulp_events_postgres import queue

        without = {key: bare + text.partition("event AS (")[2] for key, text in queue._ADD.items()}

        def unnoticed() -> float:
            with mock.patch.object(queue, "_ADD", without):
                return _commits(outbox, url)

        mine, theirs = in_turn(lambda: _commits(outbox, url), unnoticed)
    yield Row(f"PostgreSQL: emit in the application's transaction, {SESSIONS} sessions; the same without any notice",
              f"{mine:.0f}/s", f"{theirs:.0f}/s", mine / theirs, "≥ 0.9", mine / theirs >= 0.9)  # fmt: skip
    yield from _noticing(server)
    yield _idle(server)


def _commits(outbox: Any, url: str) -> float:
    import psycopg

    connections = [psycopg.connect(url, password="pw") for _ in range(SESSIONS)]

    def work(connection: Any) -> None:
        for _ in range(EACH):
            outbox.add(events(1), connection)
            connection.commit()

    threads = [threading.Thread(target=work, args=(one,)) for one in connections]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - began
    for one in connections:
        one.close()
    return SESSIONS * EACH / spent


def _noticing(server: Any) -> Iterator[Row]:
    import psycopg

    with outbox_in(server, "noticing") as outbox, psycopg.connect(server.url("noticing"), password="pw") as connection:
        outbox.changed()
        found = []
        for _ in range(50):
            outbox.add(events(1), connection)
            while outbox.changed():
                time.sleep(0.04)
            connection.commit()
            found.append(_seconds_until(outbox.changed))
            outbox.ready()
    median, worst = statistics.median(found), max(found)
    yield Row("PostgreSQL: seconds until what an application committed is noticed, median and most of 50",
              f"{median * 1000:.0f} ms", f"{worst * 1000:.0f} ms", None, "≤ 50 ms", median <= 0.05)  # fmt: skip


def _seconds_until(condition: Callable[[], bool]) -> float:
    began = time.perf_counter()
    while not condition():
        time.sleep(0.002)
    return time.perf_counter() - began


def _idle(server: Any) -> Row:
    from pulp_events import EventBus

    with settings_for(server.create("idling")) as conf, EventBus.open(conf, deliver="background"):
        time.sleep(2.0)
        before = resource.getrusage(resource.RUSAGE_SELF)
        time.sleep(IDLE)
        after = resource.getrusage(resource.RUSAGE_SELF)
    server.drop("idling")
    share = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / IDLE
    return Row("PostgreSQL: CPU of a worker with nothing to do", f"{share:.2%}", "", None, "< 0.5 %", share < 0.005)
