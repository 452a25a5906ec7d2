"""SQL of what limits an outbox: how much is pending in it, and what was not stored as that was too much."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.outbox.sqlite.ledger import Rows

_BACKLOG = f"SELECT count(*) FROM (SELECT 1 FROM pulp_delivery WHERE {PENDING} LIMIT ?)"
_NOTE = """
INSERT INTO pulp_dropped (event_type, count, first, last) VALUES (?1, ?2, ?3, ?3)
ON CONFLICT (event_type) DO UPDATE SET count = count + excluded.count, last = excluded.last
"""


def backlog(reader: Rows, most: int) -> int:
    """How many deliveries are pending: so many entries of an index are passed over."""
    return int(reader.rows(_BACKLOG, (most,))[0][0])


def free_space(path: Path) -> int | None:
    """Bytes that may still be written where the file is."""
    try:
        found = os.statvfs(path.parent)
    except (OSError, AttributeError):  # the latter on Windows
        return None
    return found.f_bavail * found.f_frsize


def note_dropped(connection: sqlite3.Connection, counts: Mapping[str, int], now: float) -> None:
    """Add to the counts of events that were dropped."""
    connection.executemany(_NOTE, [(name, count, now) for name, count in counts.items()])


def forget_dropped(connection: sqlite3.Connection, before: float) -> None:
    """Forget the counts to which nothing was added since then."""
    connection.execute("DELETE FROM pulp_dropped WHERE last < ?", (before,))
