"""Events within a transaction of the application: they exist if and only if it commits."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulp_events.borrowed.driver import driver_of, named, to_begin
from pulp_events.borrowed.on_loop import OnLoop
from pulp_events.errors import StoreBusy, StoreError
from pulp_events.outbox.records import NewEvent
from pulp_events.outbox.sqlite.aiosqlite_view import AiosqliteView
from pulp_events.outbox.sqlite.insertion import insert_plainly
from pulp_events.outbox.stored_event import StoredEvent


def add_within(connection: Any, path: Path, events: Sequence[NewEvent], now: float) -> dict[str, StoredEvent]:
    """Store events and their deliveries in the transaction of `connection`, all of it or nothing.

    Returns what is there already of those that are stored once. Nothing is made on the application's connection.

    Raises StoreError unless `connection` is, or leads to, an open sqlite3 connection to the outbox's file, in a
    transaction or one that begins transactions by itself.
    """
    found: dict[str, StoredEvent] = {}
    remedy = f"give emit an open connection to {path}: of sqlite3, SQLAlchemy or Django, or emit_async one of aiosqlite"
    given = connection.connection if isinstance(connection, OnLoop) else connection
    connection = _sqlite(connection, remedy)
    try:
        with _as_text(connection):
            cursor = connection.cursor()
            file = _file(cursor)
            if not file or not Path(file).samefile(path):
                raise StoreError(
                    f"connection is open on {file or 'a database in memory'}, not on the outbox; {remedy}, "
                    "or name the application's database as outbox in section [events] of server.conf"
                )
            if not connection.in_transaction:
                if connection.isolation_level is None:
                    raise StoreError(f"connection is in autocommit mode outside a transaction; {to_begin(given)}")
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
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(f"connection cannot store the event ({error}); {remedy}") from error
        raise StoreBusy(
            f"connection cannot store the event: another connection writes to {path} ({error}); roll back, and try "
            "again; a transaction that is going to write best begins with BEGIN IMMEDIATE"
        ) from error
    except (sqlite3.Error, ValueError) as error:  # aiosqlite: ValueError where it is closed
        raise StoreError(f"connection cannot store the event ({error}); {remedy}") from error
    return found


def is_in_memory(connection: Any) -> bool:
    """Whether `connection` leads to an SQLite database that is in no file. Raises StoreError for one of asyncio's."""
    found = driver_of(connection)
    if not isinstance(found, sqlite3.Connection):
        return False
    with _as_text(found):
        return not _file(found.cursor())


@contextmanager
def _as_text(connection: Any) -> Iterator[None]:
    """What is read within the block is text, whatever the application has text made into (`text_factory`)."""
    factory = connection.text_factory
    if factory is str:
        yield
        return
    try:
        connection.text_factory = str
        yield
    finally:
        connection.text_factory = factory


def _file(cursor: Any) -> str:
    """That of the main database; empty for one in memory."""
    cursor.row_factory = None  # the application may have one that makes something else of a row
    return os.fsdecode(cursor.execute("PRAGMA database_list").fetchone()[2])


def _sqlite(given: Any, remedy: str) -> sqlite3.Connection | AiosqliteView:
    """What it leads to, of sqlite3, or so to speak."""
    if isinstance(given, OnLoop):
        if type(given.connection).__module__.partition(".")[0] == "aiosqlite":
            return AiosqliteView(given)
        raise StoreError(f"connection is of type {named(given.connection)}; {remedy}")
    found = given if isinstance(given, sqlite3.Connection) else driver_of(given)
    if not isinstance(found, sqlite3.Connection):
        raise StoreError(f"connection is of type {named(given)}; {remedy}")
    return found
