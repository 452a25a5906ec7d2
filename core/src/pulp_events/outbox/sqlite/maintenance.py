"""Cleaning in small steps, so that it never holds the database for long."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from pulp_events.outbox.sqlite import counting, expiry
from pulp_events.outbox.sqlite.ledger import delete
from pulp_events.outbox.sqlite.limits import forget_dropped
from pulp_events.outbox.states import State

STEP = 2000
"""Rows that one step looks at, at most."""
FREE_PAGES = 100
"""Pages that one step gives back to the file system, at most."""

_DELETE_ALONE = """
DELETE FROM pulp_event WHERE seq IN (
    SELECT seq FROM pulp_event WHERE alone = 1 AND time < ? ORDER BY time LIMIT ?
)
"""


class Cleaner:
    """Goes through the events from the oldest to the newest, again and again."""

    def __init__(self) -> None:
        self._position = (0, -1)

    def step(
        self, connection: sqlite3.Connection, keep: Mapping[State, float], now: float, events_before: float
    ) -> bool:
        """Look at the next STEP deliveries and delete what finished too long ago; True if more are to be looked at.

        A sweep ends at the first rows that are younger than all limits: later ones are younger still, as an event is
        stored before any of its deliveries can finish. Of the events without any delivery, which an index lists by
        their time, STEP are deleted at most. First, declare dead what has expired, and count what is new.
        """
        if expiry.bury_some(connection, now) or counting.count_on(connection, now) or counting.roll(connection, now):
            return True
        alone = connection.execute(_DELETE_ALONE, (events_before, STEP)).rowcount
        rows = connection.execute(
            "SELECT d.event_seq, d.n, d.state, d.finished, e.time FROM pulp_delivery d "
            "JOIN pulp_event e ON e.seq = d.event_seq WHERE (d.event_seq, d.n) > (?, ?) "
            "ORDER BY d.event_seq, d.n LIMIT ?",
            (*self._position, STEP),
        ).fetchall()
        limits: dict[str, float] = {state: now - seconds for state, seconds in keep.items()}
        delete(
            connection,
            [(seq, n) for seq, n, state, finished, _ in rows if state in limits and finished < limits[state]],
            events_before,
        )
        forget_dropped(connection, min(limits.values()))
        free = _give_back(connection)
        if len(rows) < STEP or rows[-1][4] > max(limits.values()):
            self._position = (0, -1)
            return alone == STEP or free > 0
        self._position = rows[-1][:2]
        return True


def _give_back(connection: sqlite3.Connection) -> int:
    """Give FREE_PAGES pages back to the file system; returns how many are left to be given back."""
    free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
    pages = min(free, FREE_PAGES)
    for _ in range(pages):
        # One by one: Python's sqlite3 makes only the first step of a statement without columns, which is a page.
        connection.execute("PRAGMA incremental_vacuum(1)")
    return free - pages
