"""SQL of claiming what leaves together: the deliveries of one window to one target.

What was claimed together once stays together, whatever comes of it: a repeated message must hold what the first one
held, no event more and none less. After a failure all of it is due at the same instant, and after a crash it has the
lease that it was claimed under in common; so a set needs no name of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from pulp_events.outbox.records import HELD_UP
from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.outbox.sqlite.named import Named
from pulp_events.outbox.window import MOST_BYTES, MOST_DELIVERIES, OUT_OF_ORDER, remaining, window_of

Keys = list[tuple[int, int]]

LOOK = 100
"""Deliveries whose windows are not over that are passed over in search of an older one that was stored late."""

_WAITING = f"{PENDING} AND listener_id = ?"
_DUE = f"""
SELECT ready_at, target, lease, event_seq, n FROM pulp_delivery
WHERE {_WAITING} AND ready_at > 0 AND ready_at <= ? ORDER BY ready_at, event_seq, n LIMIT 1
"""
_OLDEST = f"""
SELECT ready_at, target, lease, event_seq, n FROM pulp_delivery
WHERE {_WAITING} AND ready_at > 0 ORDER BY event_seq, n LIMIT 1
"""
_FAILED_TOGETHER = f"""
SELECT event_seq, n FROM pulp_delivery
WHERE {_WAITING} AND ready_at = ? AND target = ? AND lease IS NULL ORDER BY event_seq, n
"""
_LOST_TOGETHER = f"""
SELECT event_seq, n FROM pulp_delivery
WHERE {_WAITING} AND ready_at > 0 AND ready_at <= ? AND target = ? AND lease = ? ORDER BY event_seq, n
"""
_NEVER_ATTEMPTED = f"""
SELECT d.event_seq, d.n, d.target, e.time, length(e.report)
FROM pulp_delivery d CROSS JOIN pulp_event e ON e.seq = d.event_seq
WHERE d.{PENDING} AND d.listener_id = ? AND d.ready_at = 0
"""
_FIRST = _NEVER_ATTEMPTED + "ORDER BY d.event_seq, d.n"
AFTER = _NEVER_ATTEMPTED + "AND (d.event_seq, d.n) >= (?, ?) ORDER BY d.event_seq, d.n"
BEFORE = _NEVER_ATTEMPTED + "AND (d.event_seq, d.n) < (?, ?) ORDER BY d.event_seq DESC, d.n DESC"
_NEXT_DUE = f"SELECT min(ready_at) FROM pulp_delivery WHERE {_WAITING} AND ready_at > 0"


def choose(
    connection: sqlite3.Connection, listener_id: str, window: float, ordered: bool, now: float
) -> tuple[Keys, float | None]:
    """(event_seq, n) of the deliveries to claim together; without any, seconds until there may be some."""
    first, wait = _first_attempts(connection, listener_id, window, now)
    again = connection.execute(_OLDEST if ordered else _DUE, (listener_id, now)[: 1 if ordered else 2]).fetchone()
    if again is not None and not (ordered and first and first[0] < again[3:]):
        if again[0] <= now:
            return _together(connection, listener_id, again, now), None
        return [], again[0] - now  # `ordered`: what is older is under way, or waits for its retry
    if first:
        return first, None
    due = connection.execute(_NEXT_DUE, (listener_id,)).fetchone()[0]
    waits = [each for each in (wait, None if due is None else max(0.0, due - now)) if each is not None]
    return [], min(waits, default=None)


def choose_with(
    connection: sqlite3.Connection,
    listener_id: str,
    window: float,
    ordered: bool,
    now: float,
    named: Sequence[Named],
) -> tuple[Keys, float | None]:
    """The same, of what has one of these pending deliveries in it."""
    if not named:
        return [], None
    if ordered:
        keys, wait = choose(connection, listener_id, window, ordered, now)
        if keys and {one[:2] for one in named}.isdisjoint(keys):
            return [], HELD_UP
        return keys, wait
    waits = []
    for one in named:
        left = one.ready_at - now if one.ready_at else remaining(one.time, window, now)
        if left > 0:
            waits.append(left)
        elif one.ready_at:
            row = (one.ready_at, one.target, one.lease, one.event_seq, one.n)
            return _together(connection, listener_id, row, now), None
        else:
            return _around(connection, listener_id, window, one), None
    return [], min(waits)


def _around(connection: sqlite3.Connection, listener_id: str, window: float, one: Named) -> Keys:
    """The window of a delivery that was never attempted: from it on, then backwards, no further than the window is."""
    number = window_of(one.time, window)
    earliest, latest = number * window - OUT_OF_ORDER, (number + 1) * window + OUT_OF_ORDER
    keys: Keys = []
    size = 0
    for statement in (AFTER, BEFORE):
        for seq, n, target, time, length in connection.execute(statement, (listener_id, one.event_seq, one.n)):
            is_far = time > latest if statement is AFTER else time < earliest
            if keys and (is_far or len(keys) >= MOST_DELIVERIES or size + length > MOST_BYTES):
                break
            if target == one.target and window_of(time, window) == number:
                keys.append((seq, n))
                size += length
    return sorted(keys)


def _together(connection: sqlite3.Connection, listener_id: str, row: tuple[Any, ...], now: float) -> Keys:
    ready_at, target, lease, *_ = row
    if lease is None:
        return connection.execute(_FAILED_TOGETHER, (listener_id, ready_at, target)).fetchall()
    return connection.execute(_LOST_TOGETHER, (listener_id, now, target, lease)).fetchall()


def _first_attempts(
    connection: sqlite3.Connection, listener_id: str, window: float, now: float
) -> tuple[Keys, float | None]:
    keys: Keys = []
    size, number, chosen, wait, passed = 0, 0, "", None, 0
    for seq, n, target, time, length in connection.execute(_FIRST, (listener_id,)):
        if not keys:
            left = remaining(time, window, now)
            if left:
                wait, passed = left if wait is None else min(wait, left), passed + 1
                if passed < LOOK:
                    continue
                break
            number, chosen = window_of(time, window), target
        elif time > (number + 1) * window + OUT_OF_ORDER or len(keys) >= MOST_DELIVERIES or size + length > MOST_BYTES:
            break
        if target == chosen and window_of(time, window) == number:
            keys.append((seq, n))
            size += length
    return keys, wait
