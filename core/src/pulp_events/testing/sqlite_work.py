"""`sqlite_steps`: how much the outbox in SQLite has to do for something."""

from __future__ import annotations

from collections.abc import Callable
from sqlite3 import Connection

from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox

EACH = 10


def sqlite_steps(outbox: SQLiteOutbox, call: Callable[[], object]) -> int:
    """Make the call; returns the tens of steps that SQLite's machine took for its changes.

    For `work`, which `OutboxContract` asks of a home, where the outbox is one that comes with pulp-events.
    """
    steps: list[int] = []

    def count_from_now_on(connection: Connection) -> None:
        connection.set_progress_handler(lambda: steps.append(1), EACH)

    def count_no_more(connection: Connection) -> None:
        connection.set_progress_handler(None, 0)

    outbox._writer.run(count_from_now_on)
    try:
        call()
    finally:
        outbox._writer.run(count_no_more)
    return len(steps)
