"""Reads and changes many rows in one step of a statement.

Python lets go of the interpreter's lock at each step of an SQLite statement, and must then wait for it wherever another
thread computes; a step is a row that is read, or one execution of `executemany`. Fetched row by row, a claim of 500
beside an event loop that is busy takes longer than sending them. So rows go in and come out as one JSON text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from pulp_events.outbox.sqlite.columns import PENDING

Row = tuple[Any, ...]

# JSON holds no BLOB, and writes 15 digits of a REAL: the report goes as text, the time in microseconds. A value of
# another type than ours is NULL here, which `to_delivery` finds.
_DELIVERY = """json_array(
    e.id, d.n, e.event_type,
    CASE typeof(e.time) WHEN 'real' THEN CAST(round(e.time * 1000000) AS INTEGER) END, e.source,
    CASE typeof(e.report) WHEN 'blob' THEN CAST(e.report AS TEXT) END,
    d.listener_id, d.target, d.state, d.attempts, d.ready_at, NULL, '', d.lease, d.forgiven, d.event_seq,
    d.repeat_of, d.expires, e.scope, e.trace_context
)"""
_KEYS = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"
OF_KEYS = f"(event_seq, n) IN ({_KEYS})"
"""A condition with one parameter: `as_json` of (event_seq, n)."""
OF_IDS = """(event_seq, n, lease) IN (
    SELECT e.seq, json_extract(r.value, '$[1]'), json_extract(r.value, '$[2]')
    FROM json_each(?) r CROSS JOIN pulp_event e ON e.id = json_extract(r.value, '$[0]')
)"""
"""A condition with one parameter: `as_json` of (event id, n, lease)."""


def as_json(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as one parameter, for `json_each`."""
    return json.dumps(list(rows), ensure_ascii=False, separators=(",", ":"))


def of_listeners(condition: str) -> str:
    """SQL that reads deliveries of many listeners at once, so many of each: `read` it with the listener ids as JSON
    (?1), the time (?2) and the limit (?3). `condition`: on `ready_at`, with ?2."""
    return f"""
    SELECT json_group_array({_DELIVERY}) FROM json_each(?1) r
    CROSS JOIN pulp_delivery d ON (d.event_seq, d.n) IN (
        SELECT event_seq, n FROM pulp_delivery
        WHERE {PENDING} AND listener_id = r.value AND {condition} ORDER BY ready_at, event_seq, n LIMIT ?3
    )
    CROSS JOIN pulp_event e ON e.seq = d.event_seq
    """


def of_keys(keys: str) -> str:
    """SQL that reads the deliveries whose (event_seq, n) the SELECT `keys` yields."""
    return f"""
    SELECT json_group_array({_DELIVERY}) FROM ({keys}) k
    CROSS JOIN pulp_delivery d ON d.event_seq = k.event_seq AND d.n = k.n CROSS JOIN pulp_event e ON e.seq = d.event_seq
    """


LISTED = of_keys("SELECT json_extract(value, '$[0]') AS event_seq, json_extract(value, '$[1]') AS n FROM json_each(?)")
"""Reads the deliveries with these keys, as JSON."""


def read(connection: sqlite3.Connection, statement: str, parameters: Sequence[Any]) -> list[Row]:
    """Deliveries in the layout of `to_delivery`, with `event_seq` before `repeat_of`, in no order."""
    return [_row(found) for found in json.loads(connection.execute(statement, parameters).fetchone()[0])]


def _row(found: list[Any]) -> Row:
    event_id, n, event_type, time, source, report, *rest = found
    time = None if time is None else time / 1_000_000
    return (event_id, n, event_type, time, source, None if report is None else report.encode(), *rest)
