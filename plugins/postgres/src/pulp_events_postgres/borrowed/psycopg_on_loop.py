"""`PsycopgOnLoop`: psycopg's AsyncConnection, lent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg.rows import tuple_row

from pulp_events.borrowed.on_loop import OnLoop
from pulp_events_postgres.borrowed.cursor_on_loop import CursorOnLoop
from pulp_events_postgres.borrowed.fit import check_psycopg


class PsycopgOnLoop:
    """Psycopg's AsyncConnection."""

    def __init__(self, own: OnLoop) -> None:
        self._own = own

    def check(self) -> None:
        """As `Lent.check`."""
        check_psycopg(self._own.connection)

    @contextmanager
    def cursor(self) -> Iterator[psycopg.Cursor[Any]]:
        """As `Lent.cursor`."""
        cursor = self._own.connection.cursor(row_factory=tuple_row)
        try:
            yield cast("psycopg.Cursor[Any]", _Cursor(self._own, cursor))
        finally:
            self._own.wait(cursor.close())


class _Cursor(CursorOnLoop):
    def __init__(self, own: OnLoop, cursor: psycopg.AsyncCursor[tuple[Any, ...]]) -> None:
        super().__init__(own.connection.info)
        self._own = own
        self._cursor = cursor

    def _run(self, text: str, parameters: Sequence[Any] | None) -> list[tuple[Any, ...]]:
        return self._own.wait(self._all(text.encode(), parameters))

    async def _all(self, text: bytes, parameters: Sequence[Any] | None) -> list[tuple[Any, ...]]:
        await self._cursor.execute(text, parameters)
        return [] if self._cursor.description is None else await self._cursor.fetchall()
