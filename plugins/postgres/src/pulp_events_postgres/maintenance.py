"""Cleaning in small steps, by one process at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from pulp_events.outbox.states import State
from pulp_events_postgres.activity import sum_up
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.limits import FORGET

STEP = 2000
"""Rows that one step looks at, at most."""

RESTART = 600.0
"""Seconds after which a sweep begins at the very first delivery again, and not where the last one found the oldest."""

_START = (-(2**63), -1)

_TURN = "SELECT pg_try_advisory_xact_lock(1886743664, hashtext(%s)), @.pulp_now()"
# The time by a subquery: a join might be made by going through all events from the first one.
_LOOK = """
SELECT d.event_seq, d.n, d.state, d.finished, (SELECT e.time FROM @.pulp_event e WHERE e.seq = d.event_seq)
FROM @.pulp_delivery d
WHERE (d.event_seq, d.n) > (%s::int8, %s::int4) ORDER BY d.event_seq, d.n LIMIT %s
"""
_DELETE = "SELECT @.pulp_delete(%s::int8[], %s::int4[], %s::float8)"
_DELETE_ALONE = "SELECT * FROM @.pulp_delete_alone(%s::float8, %s::float8, %s::int4)"


class Cleaner:
    """Goes through the deliveries from the oldest to the newest, again and again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._position = self._oldest = _START
        self._alone_from = -math.inf
        self._restart_at = time.monotonic() + RESTART

    def step(self, keep: Mapping[State, float], keep_events: float) -> bool:
        """Look at the next STEP deliveries and delete what finished too long ago; True if more are to be looked at.

        A sweep ends at the first rows that are younger than all limits: later ones are younger still, as an event is
        stored before any of its deliveries can finish. What one step deletes is dead rows for autovacuum, which the
        tables' settings call soon; no step waits for the disk. While a snapshot that somebody holds keeps them, the
        next sweep begins behind what this one deleted. Of the events without any delivery, which an index lists by
        their time, STEP are deleted at most.
        """
        return self._database.connections.transaction(lambda own: self._step(own, keep, keep_events))

    def _step(self, own: Connection, keep: Mapping[State, float], keep_events: float) -> bool:
        text = self._database.text
        turn = own.execute(text(_TURN), (f"cleaning {self._database.schema}",)).fetchone()
        assert turn is not None
        if not turn[0]:
            self._position = self._oldest
            return False
        if sum_up(self._database, own, turn[1]):
            return True
        events_before = turn[1] - keep_events if keep_events else math.inf
        alone = self._delete_alone(own, events_before)
        limits: dict[str, float] = {state: turn[1] - seconds for state, seconds in keep.items()}
        own.execute(text(FORGET), (min(limits.values()),))
        rows = own.execute(text(_LOOK), (*self._position, STEP)).fetchall()
        gone = [(seq, n) for seq, n, state, finished, _ in rows if state in limits and finished < limits[state]]
        if self._position == self._oldest and rows:
            deleted = set(gone)
            kept = next((row[:2] for row in rows if row[:2] not in deleted), None)
            self._oldest = rows[-1][:2] if kept is None else (kept[0], kept[1] - 1)
        if gone:
            own.execute(text(_DELETE), ([seq for seq, _ in gone], [n for _, n in gone], events_before))
        if len(rows) < STEP or (rows[-1][4] or 0.0) > max(limits.values()):
            if time.monotonic() >= self._restart_at:
                self._oldest, self._restart_at = _START, time.monotonic() + RESTART
                self._alone_from = -math.inf
            self._position = self._oldest
            return alone
        self._position = rows[-1][:2]
        return True

    def _delete_alone(self, own: Connection, before: float) -> bool:
        """Delete events that have no delivery; True if there may be more."""
        found = own.execute(self._database.text(_DELETE_ALONE), (self._alone_from, before, STEP)).fetchone()
        assert found is not None
        gone, last = found
        if last is not None:
            self._alone_from = last
        return bool(gone >= STEP)
