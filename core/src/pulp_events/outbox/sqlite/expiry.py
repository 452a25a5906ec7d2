"""SQL of deliveries that are not to be made after a certain time. Each function is part of its caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from pulp_events.outbox.records import EXPIRED
from pulp_events.outbox.sqlite import counting
from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.outbox.sqlite.together import OF_IDS, OF_KEYS, Row, as_json
from pulp_events.outbox.states import TRANSITIONS, Transition

STEP = 2000
"""Deliveries that one step declares dead, at most."""

_EXPIRED = f"""
SELECT event_seq, n FROM pulp_delivery
WHERE {PENDING} AND expires IS NOT NULL AND expires <= ? AND (lease IS NULL OR ready_at <= ?) LIMIT {STEP}
"""
"""Not what somebody is just attempting: that began before."""


def is_past(row: Row, now: float) -> bool:
    """True if the delivery, as `together.read` has it, has expired."""
    expires = row[17]
    return expires is not None and isinstance(expires, int | float) and expires <= now


def bury(connection: sqlite3.Connection, keys: Iterable[tuple[int, int]], now: float) -> None:
    """Declare the deliveries with these (event_seq, n) dead (transition `expire`)."""
    _end(connection, Transition.EXPIRE, EXPIRED, OF_KEYS, as_json(keys), now, attempted=0)


def end_held(connection: sqlite3.Connection, transition: Transition, reason: str, held: str, now: float) -> None:
    """Declare claimed deliveries dead, unattempted (transition `expire` or `bury`); `held`: as of `OF_IDS`."""
    _end(connection, transition, reason, OF_IDS, held, now, attempted=1)


def bury_some(connection: sqlite3.Connection, now: float) -> bool:
    """Declare dead what has expired, STEP at most; True if there may be more."""
    keys = connection.execute(_EXPIRED, (now, now)).fetchall()
    if keys:
        bury(connection, keys, now)
    return len(keys) == STEP


def _end(
    connection: sqlite3.Connection,
    transition: Transition,
    reason: str,
    condition: str,
    which: str,
    now: float,
    attempted: int,
) -> None:
    way = TRANSITIONS[transition]
    counting.note_leaving(connection, transition, f"state = '{way.leaves}' AND {condition}", (which,), now)
    connection.execute(
        f"UPDATE pulp_delivery SET state = '{way.enters}', finished = ?, reason = ?, ready_at = 0, lease = NULL, "
        f"attempts = attempts - ? WHERE state = '{way.leaves}' AND {condition}",
        (now, reason, attempted, which),
    )
