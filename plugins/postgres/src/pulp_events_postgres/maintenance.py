"""Cleaning in small steps, by one process at a time."""

from __future__ import annotations

from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database

STEP = 2000
"""Rows that one step looks at, at most."""

_START = (-(2**63), -1)

_TURN = "SELECT pg_try_advisory_xact_lock(1886743664, hashtext(%s)), @.pulp_now()"
_LOOK = """
SELECT d.event_seq, d.n, d.state, d.finished, e.time FROM @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq
WHERE (d.event_seq, d.n) > (%s::int8, %s::int4) ORDER BY d.event_seq, d.n LIMIT %s
"""
_DELETE = "SELECT @.pulp_delete(%s::int8[], %s::int4[])"


class Cleaner:
    """Goes through the deliveries from the oldest to the newest, again and again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._position = _START

    def step(self, keep_delivered: float, keep_dead: float) -> bool:
        """Look at the next STEP deliveries and delete what finished too long ago; True if more are to be looked at.

        A sweep ends at the first rows that are younger than both limits: later ones are younger still, as an event is
        stored before any of its deliveries can finish. What one step deletes is dead rows for autovacuum, which the
        tables' settings call soon; no step waits for the disk.
        """
        return self._database.connections.transaction(lambda own: self._step(own, keep_delivered, keep_dead))

    def _step(self, own: Connection, keep_delivered: float, keep_dead: float) -> bool:
        text = self._database.text
        turn = own.execute(text(_TURN), (f"cleaning {self._database.schema}",)).fetchone()
        assert turn is not None
        if not turn[0]:
            self._position = _START
            return False
        limits = {"delivered": turn[1] - keep_delivered, "dead": turn[1] - keep_dead}
        rows = own.execute(text(_LOOK), (*self._position, STEP)).fetchall()
        gone = [(seq, n) for seq, n, state, finished, _ in rows if state in limits and finished < limits[state]]
        if gone:
            own.execute(text(_DELETE), ([seq for seq, _ in gone], [n for _, n in gone]))
        if len(rows) < STEP or rows[-1][4] > max(limits.values()):
            self._position = _START
            return False
        self._position = rows[-1][:2]
        return True
