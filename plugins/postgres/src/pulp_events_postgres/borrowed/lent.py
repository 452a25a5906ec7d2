"""`lent`: the connection within what the application gives, whichever library's it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

import psycopg
from psycopg.rows import tuple_row

from pulp_events.borrowed.driver import driver_of, named
from pulp_events.borrowed.on_loop import OnLoop
from pulp_events.errors import StoreError
from pulp_events_postgres.borrowed.asyncpg_on_loop import AsyncpgOnLoop
from pulp_events_postgres.borrowed.fit import REMEDY, check_psycopg
from pulp_events_postgres.borrowed.psycopg_on_loop import PsycopgOnLoop


class Lent(Protocol):
    """A connection of the application's."""

    def check(self) -> None:
        """Raise StoreError unless it is in a transaction, or begins transactions by itself."""

    def cursor(self) -> AbstractContextManager[psycopg.Cursor[Any]]:
        """A cursor whose rows are tuples, whatever the application wants its own to be."""


class _OfPsycopg:
    def __init__(self, own: psycopg.Connection[Any]) -> None:
        self._own = own

    def check(self) -> None:
        check_psycopg(self._own)

    def cursor(self) -> AbstractContextManager[psycopg.Cursor[Any]]:
        return self._own.cursor(row_factory=tuple_row)


def lent(connection: Any) -> Lent:
    """Raises StoreError for what leads to no connection of these libraries'."""
    if isinstance(connection, OnLoop):
        library = type(connection.connection).__module__.partition(".")[0]
        if isinstance(connection.connection, psycopg.AsyncConnection):
            return PsycopgOnLoop(connection)
        if library == "asyncpg":
            return AsyncpgOnLoop(connection)
        raise StoreError(f"connection is of type {named(connection.connection)}; {REMEDY}")
    return _OfPsycopg(psycopg_within(connection))


def psycopg_within(connection: Any) -> psycopg.Connection[Any]:
    """The psycopg connection within what a library gives its users; begins their transaction if need be.

    Raises StoreError.
    """
    if isinstance(connection, psycopg.Connection):
        return connection
    found = driver_of(connection)
    if not isinstance(found, psycopg.Connection):
        raise StoreError(f"connection is of type {named(connection)}; {REMEDY}")
    return found
