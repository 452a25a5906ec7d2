"""SQL of the way of a stored delivery: claimed, recorded. Each function is part of its caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import Claim, ClaimRequest, Result
from pulp_events.outbox.rows import split_id, to_delivery
from pulp_events.outbox.sqlite import windows

LOST = "no result before the lease ended: the process that made this attempt stopped or was cut off"


READY = """
WITH RECURSIVE pending(id) AS (
    SELECT (SELECT min(listener_id) FROM pulp_delivery WHERE state = 'pending')
    UNION ALL
    SELECT (SELECT min(listener_id) FROM pulp_delivery WHERE state = 'pending' AND listener_id > pending.id)
    FROM pending WHERE pending.id IS NOT NULL
)
SELECT id, (SELECT min(ready_at) FROM pulp_delivery WHERE state = 'pending' AND listener_id = pending.id)
FROM pending WHERE id IS NOT NULL
"""
"""Listeners with pending deliveries and when the first is ready: a step in the index for each listener, however many
deliveries it has."""

_CANDIDATES = """
SELECT e.id, d.n, e.event_type, e.time, e.source, e.report, d.listener_id, d.target, d.state, d.attempts, d.ready_at,
       NULL, '', d.lease, d.forgiven, d.event_seq
FROM pulp_delivery d CROSS JOIN pulp_event e ON e.seq = d.event_seq
WHERE d.state = 'pending' AND d.listener_id = ?
"""
_READY = _CANDIDATES + "AND d.ready_at <= ? ORDER BY d.ready_at, d.event_seq, d.n LIMIT ?"
_FIRST = _CANDIDATES + "AND d.ready_at = 0 ORDER BY d.event_seq, d.n LIMIT ?"
_DUE = _CANDIDATES + "AND d.ready_at > 0 AND d.ready_at <= ? ORDER BY d.ready_at, d.event_seq, d.n LIMIT ?"
_SOONEST = "SELECT min(ready_at) FROM pulp_delivery WHERE state = 'pending' AND listener_id = ?"
_ONE = _CANDIDATES + "AND d.event_seq = ? AND d.n = ?"
_LATER = _CANDIDATES + "AND d.ready_at > 0 ORDER BY d.event_seq, d.n LIMIT 1"


def claim(
    connection: sqlite3.Connection, requests: Sequence[ClaimRequest], lease: float, token: str, now: float
) -> Claim:
    """Choose, lease and return deliveries of several listeners (transitions `claim` and `lose`)."""
    chosen: list[tuple[Any, ...]] = []
    waits: dict[str, float | None] = {}
    exhausted = []
    for request in requests:
        if request.window is not None:
            keys, wait = windows.choose(connection, request.listener_id, request.window, request.ordered, now)
            rows = [connection.execute(_ONE, (request.listener_id, *key)).fetchone() for key in keys]
            _record_lost(connection, [row for row in rows if row[13] is not None], now)
            if not rows:
                waits[request.listener_id] = wait
        else:
            rows = _choose(connection, request, now)
            if lost := [row for row in rows if row[13] is not None]:
                rows = lost[:1]
                _record_lost(connection, rows, now)
            elif len(rows) < request.limit:
                exhausted.append(request)
        chosen += rows
    deliveries = _lease(connection, chosen, now + lease, token)
    waits.update((request.listener_id, _wait(connection, request, now)) for request in exhausted)
    return Claim(deliveries, waits)


def _lease(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], until: float, token: str) -> list[Delivery]:
    """Take them; returns them as they are now: one attempt more, and leased."""
    connection.executemany(
        "UPDATE pulp_delivery SET lease = ?, ready_at = ?, attempts = attempts + 1 WHERE event_seq = ? AND n = ?",
        [(token, until, row[15], row[1]) for row in rows],
    )
    return [to_delivery((*row[:9], _one_more(row[9]), until, *row[11:13], token, row[14])) for row in rows]


def _one_more(attempts: Any) -> Any:
    return attempts + 1 if type(attempts) is int else attempts  # what is damaged is said by `to_delivery`


def _choose(connection: sqlite3.Connection, request: ClaimRequest, now: float) -> list[tuple[Any, ...]]:
    listener_id, limit = request.listener_id, request.limit
    if request.ordered:
        rows = _choose_ordered(connection, listener_id, limit, now)
        if rows is not None:
            return rows
    rows = connection.execute(_READY, (listener_id, now, limit)).fetchall()  # first attempts, then retries
    if len(rows) == limit and rows[-1][10] == 0:
        due = connection.execute(_DUE, (listener_id, now, max(1, limit // 2))).fetchall()
        rows[limit - len(due) :] = due
    rows.sort(key=lambda row: (row[15], row[1]))
    return rows


def _choose_ordered(
    connection: sqlite3.Connection, listener_id: str, limit: int, now: float
) -> list[tuple[Any, ...]] | None:
    """The oldest alone if it was attempted before; None where first attempts may be claimed as usual."""
    attempted = connection.execute(_LATER, (listener_id,)).fetchone()
    if attempted is None:
        return None
    first = connection.execute(_FIRST, (listener_id, 1)).fetchone()
    if first is not None and (first[15], first[1]) < (attempted[15], attempted[1]):
        # Older ones were never attempted: a dead delivery was revived, or the listener had more lanes before.
        rows = connection.execute(_FIRST, (listener_id, limit)).fetchall()
        return [row for row in rows if (row[15], row[1]) < (attempted[15], attempted[1])]
    return [attempted] if attempted[10] <= now else []


def _wait(connection: sqlite3.Connection, request: ClaimRequest, now: float) -> float | None:
    """Seconds until more than was just leased may be claimed."""
    if request.ordered:
        attempted = connection.execute(_LATER, (request.listener_id,)).fetchone()
        return None if attempted is None else max(0.0, attempted[10] - now)
    row = connection.execute(_SOONEST, (request.listener_id,)).fetchone()
    return None if row[0] is None else max(0.0, row[0] - now)


def _record_lost(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], now: float) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO pulp_attempt VALUES (?, ?, ?, ?, 0, 'lost', ?, ?)",
        [(row[15], row[1], row[9], row[10], LOST, now) for row in rows],
    )


_SUCCEED = """
UPDATE pulp_delivery SET state = 'delivered', finished = ?, ready_at = 0, lease = NULL
WHERE event_seq = (SELECT seq FROM pulp_event WHERE id = ?) AND n = ? AND state = 'pending'
"""
_POSTPONE = """
UPDATE pulp_delivery SET ready_at = ?, lease = NULL, forgiven = forgiven + ?
WHERE event_seq = (SELECT seq FROM pulp_event WHERE id = ?) AND n = ? AND state = 'pending' AND lease = ?
"""
_GIVE_UP = """
UPDATE pulp_delivery SET state = 'dead', finished = ?, ready_at = 0, lease = NULL
WHERE event_seq = (SELECT seq FROM pulp_event WHERE id = ?) AND n = ? AND state = 'pending' AND lease = ?
"""
_ATTEMPT = """
INSERT OR REPLACE INTO pulp_attempt (event_seq, n, number, started, duration, outcome, detail, retry_at)
SELECT seq, ?, ?, ?, ?, ?, ?, ? FROM pulp_event WHERE id = ?
"""
_HEALTH = """
INSERT INTO pulp_listener_health VALUES (?1, ?2, ?3, ?3, ?4, ?5)
ON CONFLICT (listener_id) DO UPDATE SET
    last_success = COALESCE(?2, last_success),
    last_failure = COALESCE(?3, last_failure),
    failing_since = CASE WHEN ?2 IS NULL THEN COALESCE(failing_since, ?3) ELSE ?3 END,
    failures = CASE WHEN ?2 IS NULL THEN failures + ?4 ELSE ?4 END,
    detail = ?5
"""


def record(connection: sqlite3.Connection, results: Sequence[Result], now: float) -> list[bool]:
    """Store attempts and their transitions (`succeed`, `postpone`, `give_up`)."""
    held = []
    attempts = []
    for result in results:
        delivery, attempt = result.delivery, result.attempt
        event_id, n = split_id(delivery.id)
        retry_at = None
        if result.transition == "succeed":
            changed = connection.execute(_SUCCEED, (now, event_id, n)).rowcount
        elif result.transition == "postpone":
            retry_at = now + (result.retry_in or 0.0)
            changed = connection.execute(
                _POSTPONE, (retry_at, int(result.forgiven), event_id, n, delivery.lease)
            ).rowcount
        elif result.transition == "give_up":
            changed = connection.execute(_GIVE_UP, (now, event_id, n, delivery.lease)).rowcount
        else:
            raise ValueError(f"an attempt is followed by succeed, postpone or give_up, not {result.transition!r}")
        held.append(changed == 1)
        attempts.append(
            (n, attempt.number, attempt.started.timestamp(), attempt.duration, attempt.outcome, attempt.detail)
            + (retry_at, event_id)
        )
    connection.executemany(_ATTEMPT, attempts)
    _record_health(connection, results, now)
    return held


def _record_health(connection: sqlite3.Connection, results: Sequence[Result], now: float) -> None:
    of_listener: dict[str, list[Result]] = {}
    for result in results:
        of_listener.setdefault(result.delivery.listener_id, []).append(result)
    for listener_id, group in of_listener.items():
        outcomes = [result.transition == "succeed" for result in group]
        failures = outcomes[::-1].index(True) if True in outcomes else len(outcomes)
        parameters = (
            listener_id,
            now if True in outcomes else None,
            now if failures else None,
            failures,
            group[-1].attempt.detail,
        )
        connection.execute(_HEALTH, parameters)


def release(connection: sqlite3.Connection, deliveries: Sequence[Delivery], now: float) -> None:
    """Give deliveries back unattempted; what had been attempted before is due at once."""
    connection.executemany(
        "UPDATE pulp_delivery SET lease = NULL, attempts = attempts - 1, "
        "ready_at = CASE WHEN attempts - 1 > forgiven THEN ? ELSE 0 END "
        "WHERE event_seq = (SELECT seq FROM pulp_event WHERE id = ?) AND n = ? AND state = 'pending' AND lease = ?",
        [(now, *split_id(delivery.id), delivery.lease) for delivery in deliveries],
    )


def extend(connection: sqlite3.Connection, deliveries: Sequence[Delivery], until: float) -> None:
    """Let leases end at `until`."""
    connection.executemany(
        "UPDATE pulp_delivery SET ready_at = ? "
        "WHERE event_seq = (SELECT seq FROM pulp_event WHERE id = ?) AND n = ? AND state = 'pending' AND lease = ?",
        [(until, *split_id(delivery.id), delivery.lease) for delivery in deliveries],
    )


def bury(
    connection: sqlite3.Connection, listener_id: str, reason: str, targets: Sequence[str] | None, now: float
) -> int:
    """Pending deliveries of a listener (for some targets) are dead."""
    condition = "" if targets is None else f" AND target IN ({', '.join('?' * len(targets))})"
    return connection.execute(
        "UPDATE pulp_delivery SET state = 'dead', finished = ?, reason = ?, ready_at = 0, lease = NULL "
        f"WHERE state = 'pending' AND listener_id = ?{condition}",
        (now, reason, listener_id, *(targets or ())),
    ).rowcount
