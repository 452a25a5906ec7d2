"""`AsyncpgOnLoop`: a connection of asyncpg's, lent.

Its statements have parameters `$1`, `$2` of types that the server names, where those of psycopg are texts that the
server reads: what is an array as text for psycopg is read by a cast from text here. Nothing is imported of asyncpg: its
errors are known by their `sqlstate`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg

from pulp_events.borrowed.on_loop import OnLoop
from pulp_events.errors import StoreError
from pulp_events_postgres.borrowed.cursor_on_loop import CursorOnLoop
from pulp_events_postgres.borrowed.fit import REMEDY

_PLACE = re.compile(r"%%|%[sbt]")


class AsyncpgOnLoop:
    """A connection of asyncpg's."""

    def __init__(self, own: OnLoop) -> None:
        self._own = own

    def check(self) -> None:
        """As `Lent.check`."""
        if self._own.connection.is_closed():
            raise StoreError(f"connection is closed; {REMEDY}")
        if not self._own.connection.is_in_transaction():
            raise StoreError(
                "connection is outside a transaction; begin one first: async with connection.transaction()"
            )

    @contextmanager
    def cursor(self) -> Iterator[psycopg.Cursor[Any]]:
        """As `Lent.cursor`."""
        yield cast("psycopg.Cursor[Any]", _Cursor(self._own))


class _Elsewhere:
    """asyncpg does not say where its connection leads: what depends on that is asked for on one of ours."""

    host, port, dbname = "", 0, "the application's database"


class _Cursor(CursorOnLoop):
    def __init__(self, own: OnLoop) -> None:
        super().__init__(_Elsewhere())
        self._own = own

    def _run(self, text: str, parameters: Sequence[Any] | None) -> list[tuple[Any, ...]]:
        if parameters is not None:
            text = numbered(text, parameters)
        try:
            found = self._own.wait(self._own.connection.fetch(text, *(parameters or ())))
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "asyncpg":
                raise
            raise as_of_psycopg(error) from error
        return [tuple(row) for row in found]


def numbered(text: str, parameters: Sequence[Any]) -> str:
    """A statement of psycopg's with the places of its parameters as PostgreSQL numbers them.

    >>> numbered("SELECT %s::int4[], %b, 10 %% %s", ("{1,2}", b"x", 3))
    'SELECT $1::text::int4[], $2, 10 % $3'
    """
    number = 0

    def place(match: re.Match[str]) -> str:
        nonlocal number
        if match[0] == "%%":
            return "%"
        number += 1
        is_read = isinstance(parameters[number - 1], str) and text.startswith("::", match.end())
        return f"${number}::text" if is_read else f"${number}"

    return _PLACE.sub(place, text)


def as_of_psycopg(error: Exception) -> psycopg.Error:
    """The same error as psycopg would raise it."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return psycopg.DataError(str(error)) if isinstance(error, ValueError) else psycopg.InterfaceError(str(error))
    try:
        return psycopg.errors.lookup(state)(str(error))
    except KeyError:
        return psycopg.DatabaseError(str(error))
