"""`AiosqliteView`: an aiosqlite connection as what of `sqlite3.Connection` an emit needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pulp_events.borrowed.on_loop import OnLoop


class AiosqliteView:
    """Its statements are run in the thread of the connection, each waited for in this one."""

    def __init__(self, lent: OnLoop) -> None:
        self._lent = lent

    @property
    def in_transaction(self) -> bool:
        """As of sqlite3."""
        return bool(self._lent.connection.in_transaction)

    @property
    def isolation_level(self) -> str | None:
        """As of sqlite3."""
        found: str | None = self._lent.connection.isolation_level
        return found

    @property
    def text_factory(self) -> Any:
        """As of sqlite3."""
        return self._lent.connection.text_factory

    @text_factory.setter
    def text_factory(self, factory: Any) -> None:
        self._lent.connection.text_factory = factory

    def cursor(self) -> _Cursor:
        """A new one."""
        return _Cursor(self._lent, self._lent.wait(self._lent.connection.cursor()))

    def execute(self, statement: str) -> _Cursor:
        """On a cursor of its own."""
        return self.cursor().execute(statement)


class _Cursor:
    def __init__(self, lent: OnLoop, cursor: Any) -> None:
        self._lent = lent
        self._cursor = cursor

    @property
    def row_factory(self) -> Any:
        return self._cursor.row_factory

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._cursor.row_factory = factory

    @property
    def rowcount(self) -> int:
        return int(self._cursor.rowcount)

    @property
    def lastrowid(self) -> int | None:
        found: int | None = self._cursor.lastrowid
        return found

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> _Cursor:
        self._lent.wait(self._cursor.execute(statement, parameters))
        return self

    def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> _Cursor:
        self._lent.wait(self._cursor.executemany(statement, parameters))
        return self

    def fetchone(self) -> Any:
        return self._lent.wait(self._cursor.fetchone())
