"""Events within a transaction of the application: they exist if and only if it commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pulp_events.errors import StoreError


def add_within(connection: Any, path: Path, add: Callable[[], None]) -> None:
    """Run `add` in the transaction of `connection`, all of it or nothing.

    Raises StoreError unless `connection` is an open sqlite3 connection to the outbox's file, in a transaction or one
    that begins transactions by itself.
    """
    remedy = f"give emit an open sqlite3 connection to {path}"
    if not isinstance(connection, sqlite3.Connection):
        raise StoreError(f"connection is of type {type(connection).__name__}; {remedy}")
    try:
        file = connection.execute("PRAGMA database_list").fetchone()[2]
        if not file or not Path(file).samefile(path):
            raise StoreError(
                f"connection is to {file or 'a database in memory'}, not to the outbox; {remedy}, "
                "or name the application's database as outbox in section [events] of server.conf"
            )
        if not connection.in_transaction:
            if connection.isolation_level is None:
                raise StoreError("connection is in autocommit mode and in no transaction; execute BEGIN before emit")
            connection.execute("BEGIN")
        connection.execute("SAVEPOINT pulp_events")
        try:
            add()
        except BaseException:
            connection.execute("ROLLBACK TO pulp_events")
            raise
        finally:
            connection.execute("RELEASE pulp_events")
    except sqlite3.Error as error:
        raise StoreError(f"connection cannot store the event ({error}); {remedy}") from error
