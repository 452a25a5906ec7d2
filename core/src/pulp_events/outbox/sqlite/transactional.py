"""Events within a transaction of the application: they exist if and only if it commits."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pulp_events.errors import StoreError
from pulp_events.outbox.records import NewEvent
from pulp_events.outbox.sqlite.insertion import insert_plainly
from pulp_events.outbox.stored_event import StoredEvent


def add_within(connection: Any, path: Path, events: Sequence[NewEvent], now: float) -> dict[str, StoredEvent]:
    """Store events and their deliveries in the transaction of `connection`, all of it or nothing.

    Returns what is there already of those that are stored once. Nothing is made on the application's connection.

    Raises StoreError unless `connection` is an open sqlite3 connection to the outbox's file, in a transaction or one
    that begins transactions by itself.
    """
    found: dict[str, StoredEvent] = {}
    remedy = f"give emit an open sqlite3 connection to {path}"
    if not isinstance(connection, sqlite3.Connection):
        raise StoreError(f"connection is of type {type(connection).__name__}; {remedy}")
    try:
        cursor = connection.cursor()
        cursor.row_factory = None  # the application may have one that makes something else of a row
        file = os.fsdecode(cursor.execute("PRAGMA database_list").fetchone()[2])
        if not file or not Path(file).samefile(path):
            raise StoreError(
                f"connection is open on {file or 'a database in memory'}, not on the outbox; {remedy}, "
                "or name the application's database as outbox in section [events] of server.conf"
            )
        if not connection.in_transaction:
            if connection.isolation_level is None:
                raise StoreError("connection is in autocommit mode outside a transaction; execute BEGIN before emit")
            connection.execute("BEGIN")
        connection.execute("SAVEPOINT pulp_events")
        try:
            for event in events:
                if stored := insert_plainly(cursor, event, now):
                    found[event.id] = stored
        except BaseException:
            connection.execute("ROLLBACK TO pulp_events")
            raise
        finally:
            connection.execute("RELEASE pulp_events")
    except sqlite3.Error as error:
        raise StoreError(f"connection cannot store the event ({error}); {remedy}") from error
    return found
