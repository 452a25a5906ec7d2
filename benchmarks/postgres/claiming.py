"""Claim and record of the outbox, against the two bare statements that do no more than that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.measure import Row, in_turn
from benchmarks.postgres.homes import BATCH, BODY, LISTENER, events, numbers, outbox_in, results
from pulp_events.outbox.records import ClaimRequest

COUNT = 10_000


def row(server: Any) -> Row:
    """Deliveries per second."""
    with outbox_in(server, "claiming") as outbox, bare_table(server, "claiming_bare") as connection:

        def ours() -> float:
            for _ in range(COUNT // 1000):
                outbox.add(events(1000))
            began = time.perf_counter()
            while found := outbox.claim([ClaimRequest(LISTENER, BATCH)], 60.0, "token").deliveries:
                outbox.record(results(found))
            return COUNT / (time.perf_counter() - began)

        def bare() -> float:
            rows = [(f"{next(numbers):036}", LISTENER, BODY) for _ in range(COUNT)]
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
def bare_table(server: Any, name: str) -> Iterator[Any]:
    """A connection to a database with the table of the peer."""
    import psycopg

    url = server.create(name)
    with psycopg.connect(url, password="pw", autocommit=True) as connection:
        connection.execute(_TABLE)
        yield connection
    server.drop(name)
