"""SQL of what limits an outbox: how much is pending in it, and what was not stored as that was too much."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from pulp_events.outbox.dropped import MOST_TYPES, OTHERS
from pulp_events.outbox.records import Due
from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.outbox.sqlite.ledger import Rows

_BACKLOG = f"SELECT count(*) FROM (SELECT 1 FROM pulp_delivery WHERE {PENDING} LIMIT ?)"
# A CROSS JOIN keeps SQLite from changing the order: of each listener, a part of the index of what is pending.
_DUE = f"""
SELECT count(*) FROM (
    SELECT 1 FROM json_each(?1) l CROSS JOIN pulp_delivery d
    WHERE d.{PENDING} AND d.listener_id = l.value AND d.ready_at <= ?2 LIMIT ?3
)
"""
_LONGEST = f"""
SELECT min(min(
    COALESCE((SELECT e.time FROM pulp_delivery d CROSS JOIN pulp_event e ON e.seq = d.event_seq
              WHERE d.{PENDING} AND d.listener_id = l.value AND d.ready_at = 0 ORDER BY d.event_seq LIMIT 1), ?2),
    COALESCE((SELECT d.ready_at FROM pulp_delivery d
              WHERE d.{PENDING} AND d.listener_id = l.value AND d.ready_at > 0 AND d.ready_at <= ?2
              ORDER BY d.ready_at LIMIT 1), ?2)
)) FROM json_each(?1) l
"""
_NOTE = f"""
INSERT INTO pulp_dropped (event_type, count, first, last) VALUES (
    CASE WHEN EXISTS (SELECT 1 FROM pulp_dropped WHERE event_type = ?1)
              OR (SELECT count(*) FROM pulp_dropped WHERE event_type <> '{OTHERS}') < {MOST_TYPES}
         THEN ?1 ELSE '{OTHERS}' END, ?2, ?3, ?3)
ON CONFLICT (event_type) DO UPDATE SET count = count + excluded.count, last = excluded.last
"""


def backlog(reader: Rows, most: int) -> int:
    """How many deliveries are pending: so many entries of an index are passed over."""
    return int(reader.rows(_BACKLOG, (most,))[0][0])


def due(reader: Rows, listener_ids: Sequence[str], most: int, now: float) -> Due:
    """What might be attempted now: so many entries of an index are passed over."""
    ids = json.dumps([*listener_ids])
    count = int(reader.rows(_DUE, (ids, now, most))[0][0])
    if not count:
        return Due(0, 0.0)
    return Due(count, max(0.0, now - float(reader.rows(_LONGEST, (ids, now))[0][0])))


def free_space(path: Path) -> int | None:
    """Bytes that may still be written where the file is."""
    try:
        found = os.statvfs(path.parent)
    except (OSError, AttributeError):  # the latter on Windows
        return None
    return found.f_bavail * found.f_frsize


def sizes(path: Path) -> dict[str, int]:
    """Bytes of the database's file, and of its log."""
    found = {}
    for what, file in (("outbox", path), ("log", path.with_name(f"{path.name}-wal"))):
        with contextlib.suppress(OSError):
            found[what] = file.stat().st_size
    return found


def note_dropped(connection: sqlite3.Connection, counts: Mapping[str, int], now: float) -> None:
    """Add to the counts of events that were dropped."""
    connection.executemany(_NOTE, [(name, count, now) for name, count in counts.items()])


def forget_dropped(connection: sqlite3.Connection, before: float) -> None:
    """Forget the counts to which nothing was added since then."""
    connection.execute("DELETE FROM pulp_dropped WHERE last < ?", (before,))
