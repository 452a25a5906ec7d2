"""SQL of what attempts came to. Each function is part of its caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pulp_events.outbox.erasure import REMOVED
from pulp_events.outbox.happened import of_results
from pulp_events.outbox.records import Result
from pulp_events.outbox.rows import split_id
from pulp_events.outbox.sqlite import counting
from pulp_events.outbox.sqlite.together import OF_KEYS, as_json
from pulp_events.outbox.states import Transition, after_attempt
from pulp_events.outbox.tally import tally

_FIND = """
SELECT json_group_array(json_array(r.key, d.event_seq, d.state, d.lease, e.erased IS NOT NULL))
FROM json_each(?) r CROSS JOIN pulp_event e ON e.id = json_extract(r.value, '$[0]')
CROSS JOIN pulp_delivery d ON d.event_seq = e.seq AND d.n = json_extract(r.value, '$[1]')
"""
_FINISH = f"""
UPDATE pulp_delivery SET state = ?, finished = ?, ready_at = 0, lease = NULL WHERE state = ? AND {OF_KEYS}
"""
# Each row is there, so that this only changes it; UPDATE … FROM needs a newer SQLite.
_POSTPONE = """
INSERT INTO pulp_delivery (event_seq, n, ready_at, forgiven, listener_id, target, state)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]'), '', '', ''
FROM json_each(?) WHERE true
ON CONFLICT (event_seq, n) DO UPDATE SET
    ready_at = excluded.ready_at, lease = NULL, forgiven = forgiven + excluded.forgiven
"""
_COLUMNS = "(event_seq, n, number, started, duration, outcome, detail, retry_at)"
_ATTEMPT = f"INSERT OR REPLACE INTO pulp_attempt {_COLUMNS} VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_ATTEMPTS = f"""
INSERT OR REPLACE INTO pulp_attempt {_COLUMNS}
SELECT {", ".join(f"json_extract(value, '$[{column}]')" for column in range(8))} FROM json_each(?)
"""
_HEALTH = """
INSERT INTO pulp_listener_health (listener_id, last_success, last_failure, failing_since, failures, detail)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]')
FROM json_each(?) WHERE true
ON CONFLICT (listener_id) DO UPDATE SET
    last_success = COALESCE(excluded.last_success, last_success),
    last_failure = COALESCE(excluded.last_failure, last_failure),
    failing_since = CASE WHEN excluded.last_success IS NULL THEN COALESCE(failing_since, excluded.last_failure)
                    ELSE excluded.last_failure END,
    failures = CASE WHEN excluded.last_success IS NULL THEN failures + excluded.failures ELSE excluded.failures END,
    detail = excluded.detail
"""


def record(connection: sqlite3.Connection, results: Sequence[Result], now: float) -> list[bool]:
    """Store attempts and their transitions (`succeed`, `postpone`, `give_up`)."""
    ids = [split_id(result.delivery.id) for result in results]
    found = {key: rest for key, *rest in json.loads(connection.execute(_FIND, (as_json(ids),)).fetchone()[0])}
    held = [False] * len(results)
    ways = {each: after_attempt(each) for each in {result.transition for result in results}}
    finished: dict[Transition, list[tuple[int, int]]] = {}
    postponed, attempts = [], []
    moved: dict[counting.Move, list[int]] = {}
    told = list(results)
    for index, (result, (_, n)) in enumerate(zip(results, ids, strict=True)):
        retry_at = None
        seq, state, lease, erased = found.get(index, (None, None, None, False))
        if erased:
            told[index] = result = without_detail(result)
        way = ways[result.transition]
        held[index] = way.is_open(state, leased=lease == result.delivery.lease)
        if way.enters is way.leaves:
            retry_at = now + (result.retry_in or 0.0)
            if held[index]:
                postponed.append((seq, n, retry_at, int(result.forgiven)))
        elif held[index]:
            finished.setdefault(result.transition, []).append((seq, n))
            what = (result.delivery.listener_id, result.delivery.event_type, state, way.enters)
            moved.setdefault(what, []).append(seq)
        if seq is not None:
            attempt = result.attempt
            attempts.append(
                (seq, n, attempt.number, attempt.started.timestamp(), attempt.duration, attempt.outcome, attempt.detail)
                + (retry_at,)
            )
    if postponed:
        connection.execute(_POSTPONE, (as_json(postponed),))
    with counting.by_hand(connection, moved):
        for transition, keys in finished.items():
            way = ways[transition]
            connection.execute(_FINISH, (way.enters, now, way.leaves, as_json(keys)))
    _store_attempts(connection, attempts)
    _record_health(connection, told, now)
    counting.note(connection, of_results(results, held), now)
    return held


def without_detail(result: Result) -> Result:
    """Of an event that was erased meanwhile: what its receiver said may quote it."""
    return replace(result, attempt=replace(result.attempt, detail=REMOVED if result.attempt.detail else ""))


def _store_attempts(connection: sqlite3.Connection, attempts: Sequence[tuple[Any, ...]]) -> None:
    text = as_json(attempts)
    if "\\u0000" in text:  # at which json_extract ends a text
        connection.executemany(_ATTEMPT, attempts)
    elif attempts:
        connection.execute(_ATTEMPTS, (text,))


def _record_health(connection: sqlite3.Connection, results: Sequence[Result], now: float) -> None:
    rows = [
        (
            listener_id,
            now if each.succeeded else None,
            now if each.failures else None,
            each.failures,
            each.detail.replace("\0", " "),
        )
        for listener_id, each in tally(results).items()
    ]
    connection.execute(_HEALTH, (as_json(rows),))
