"""`emit`, against a bare insert of the same bytes and its commit."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.measure import Row, in_turn
from benchmarks.postgres.homes import BODY, numbers, settings_for


def row(server: Any) -> Row:
    """Median seconds of a call."""
    import psycopg

    from pulp_events import EventBus

    with settings_for(server.create("emitting")) as conf, EventBus.open(conf, deliver="external") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        payload = {"repo_id": "pulp2", "padding": "x" * 600}
        connection = psycopg.connect(server.create("emitting_bare"), password="pw")
        connection.execute(
            "CREATE TABLE event (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text UNIQUE, report bytea)"
        )
        connection.commit()

        def commit() -> None:
            connection.execute("INSERT INTO event (id, report) VALUES (%s, %b)", (f"{next(numbers):036}", BODY))
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
