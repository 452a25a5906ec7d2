"""`Connection` and `AsyncConnection`: what an application gives as `connection=`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol


class Connection(Protocol):
    """A connection of the application's library to its database, in a transaction or about to begin one.

    sqlite3's, and with `pulp-events-postgres` those of psycopg, SQLAlchemy (or its Session) and Django. Which of them
    can be used is told by the outbox, in a StoreError; that it is no connection at all, by the type checker.
    """

    def commit(self) -> None:
        """Make what was done permanent."""

    def rollback(self) -> None:
        """Undo it."""


class AsyncConnection(Protocol):
    """The same of asyncio's libraries, for `emit_async`: psycopg, asyncpg, aiosqlite, SQLAlchemy."""

    def execute(self, *arguments: Any, **named: Any) -> Awaitable[Any]:
        """Run a statement: all that these have in common."""
