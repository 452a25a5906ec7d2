"""What the measurements share: databases of their own, events to store, results to record."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import Row
from pulp_events.outbox.delivery import Attempt
from pulp_events.outbox.records import NewDelivery, NewEvent, Result

LISTENER = "a" * 24
BODY = b"x" * 680
BATCH = 100

numbers = itertools.count()


def skipped(why: str) -> Row:
    """A row that says why there is nothing to measure here."""
    return Row(why, "", "", None, "–", None)


@contextmanager
def outbox_in(server: Any, name: str) -> Iterator[Any]:
    """An outbox in a database of this name, which is dropped afterwards."""
    from pulp_events_postgres.address import make
    from pulp_events_postgres.database import Database
    from pulp_events_postgres.outbox import PostgresOutbox

    outbox = PostgresOutbox(Database(make(server.create(name), "pw")))
    try:
        yield outbox
    finally:
        outbox.close()
        server.drop(name)


def events(count: int) -> list[NewEvent]:
    """So many, with a delivery each."""
    now = time.time()
    return [
        NewEvent(f"{next(numbers):036}", "repo.sync.start", now, "here", BODY, [NewDelivery(LISTENER)])
        for _ in range(count)
    ]


def results(deliveries: Any) -> list[Result]:
    """Each was delivered."""
    return [
        Result(delivery, Attempt(delivery.attempts, delivery.event_time, 0.001, "delivered", "200 OK"), "succeed")
        for delivery in deliveries
    ]


@contextmanager
def settings_for(url: str) -> Iterator[Path]:
    """A server.conf with this database in it."""
    with tempfile.TemporaryDirectory(prefix="pulp-events-bench-") as folder:
        path = Path(folder) / "server.conf"
        path.write_text(f"[events]\ndata_dir = {folder}/data\n[storage]\nurl = {url}\npassword = pw\n")
        yield path
