"""Takes part in the application's own transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from pulp_events.errors import StoreError
from pulp_events.outbox.records import NewEvent
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events_postgres import emit_limit, queue
from pulp_events_postgres.borrowed.fit import REMEDY
from pulp_events_postgres.borrowed.lent import lent
from pulp_events_postgres.database import Database


def add_within(
    connection: Any, database: Database, events: Sequence[NewEvent], seconds: float | None = None
) -> dict[str, StoredEvent]:
    """Store events in the transaction of `connection`, all of them or none; returns what is there already, by its id.

    `seconds`: that a statement of ours may take, at most. Raises what `joined` raises, and StoreBusy when they are
    over.
    """
    with (
        emit_limit.told(database.address, seconds),
        joined(connection, database, "store the event") as cursor,
        emit_limit.within(cursor, seconds),
    ):
        # No NOTIFY: it would make all such transactions wait for one another's commit. Workers look.
        return queue.add(database, cursor, events, durable=True, within=True)


@contextmanager
def joined(connection: Any, database: Database, what: str) -> Iterator[psycopg.Cursor[Any]]:
    """A cursor in the transaction of `connection`, which is left as it was if the block raises anything.

    `what` the block does, for the error. Raises StoreError unless `connection` leads to the database of the outbox and
    is in a transaction, or begins transactions by itself, and for what the server refuses.
    """
    own = lent(connection)
    own.check()
    try:
        # The application's own row factory, and its prepared statements, are none of our business.
        with own.cursor() as cursor:
            cursor.execute("SAVEPOINT pulp_events")
            try:
                database.look_through(cursor)
                _check(cursor, database)
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK TO SAVEPOINT pulp_events")
                cursor.execute("RELEASE SAVEPOINT pulp_events")
                raise
            cursor.execute("RELEASE SAVEPOINT pulp_events")
    except (psycopg.Error, UnicodeError) as error:
        said = database.address.scrub(str(error)).partition("\n")[0]
        raise StoreError(f"connection cannot {what} ({said}); {REMEDY} to {database.address.shown}") from error


def _check(cursor: psycopg.Cursor[Any], database: Database) -> None:
    try:
        with cursor.connection.transaction():
            found = cursor.execute(
                database.text("SELECT value FROM @.pulp_meta WHERE key = %s"), ("identity",)
            ).fetchone()
    except psycopg.errors.UndefinedTable:
        found = None
    if found is None or found[0] != database.identity:
        raise StoreError(
            f"connection is to {cursor.connection.info.dbname!r}, which does not contain the outbox; that is in "
            f"{database.address.shown}: name the application's database in [storage] url"
        )
