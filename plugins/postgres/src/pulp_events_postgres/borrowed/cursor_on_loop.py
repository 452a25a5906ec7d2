"""`CursorOnLoop`: what of a psycopg cursor our statements use, on a connection of asyncio's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

SAVEPOINT = "pulp_events_inner"


class Server(Protocol):
    """Of `connection.info`: where it leads."""

    host: str
    port: int
    dbname: str


class CursorOnLoop:
    """Each library says how one statement is run, by `_run`, which returns all of its rows; statements that are not
    ours are not run by it."""

    def __init__(self, info: Server) -> None:
        self.info = info
        self._rows: list[tuple[Any, ...]] = []

    @property
    def connection(self) -> CursorOnLoop:
        """What has `info` and `transaction`."""
        return self

    def execute(self, statement: str | bytes, parameters: Sequence[Any] | None = None) -> CursorOnLoop:
        """As psycopg's; parameters are `%s`, or `%b` for bytes. Raises psycopg.Error."""
        text = statement.decode() if isinstance(statement, bytes) else statement
        self._rows = self._run(text, parameters)
        return self

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Those that are left."""
        rows, self._rows = self._rows, []
        return rows

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is done in the block is undone if it raises anything, and the application's transaction goes on."""
        self.execute(f"SAVEPOINT {SAVEPOINT}")
        try:
            yield
        except BaseException:
            self.execute(f"ROLLBACK TO SAVEPOINT {SAVEPOINT}")
            self.execute(f"RELEASE SAVEPOINT {SAVEPOINT}")
            raise
        self.execute(f"RELEASE SAVEPOINT {SAVEPOINT}")

    def _run(self, text: str, parameters: Sequence[Any] | None) -> list[tuple[Any, ...]]:
        raise NotImplementedError
