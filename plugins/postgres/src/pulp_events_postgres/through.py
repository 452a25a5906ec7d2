"""`Through`: asks for listeners on the connection that an application emits with, so that none of ours is opened."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pulp_events.errors import StoreError
from pulp_events_postgres.database import Database
from pulp_events_postgres.transactional import joined

# What this transaction changed itself is not committed, and may never be: nobody else is to see it. Its savepoints have
# numbers of their own, so it is told by being no older than the oldest transaction under way; what others committed
# lately may be taken for it, which costs a connection.
_VERSION = """
SELECT v.version, current_setting('transaction_isolation') = 'read committed'
    AND age(v.xmin) > age((txid_snapshot_xmin(txid_current_snapshot()) & 4294967295)::text::xid)
FROM @.pulp_listener_version v
"""


class Through:
    """The connection that each thread emits with at the moment, if it does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mine = threading.local()

    @contextmanager
    def through(self, connection: Any) -> Iterator[None]:
        """What is asked in the block may be asked on this connection."""
        before = getattr(self._mine, "connection", None), getattr(self._mine, "sees", False)
        self._mine.connection, self._mine.sees = connection, False
        try:
            yield
        finally:
            self._mine.connection, self._mine.sees = before

    def version(self) -> int | None:
        """The version of the records; None where it must be asked for on a connection of ours.

        So it must where the answer may be that of an older snapshot, or of changes that are not committed.
        """
        connection = getattr(self._mine, "connection", None)
        self._mine.sees = False
        if connection is None:
            return None
        try:
            with joined(connection, self._database, "read the listeners") as cursor:
                row = cursor.execute(self._database.text(_VERSION), ()).fetchone()
        except StoreError:  # whoever stores says what is wrong with it
            return None
        if row is None or not row[1]:
            return None
        self._mine.sees = True
        return int(row[0])

    def rows(self, statement: str) -> list[tuple[Any, ...]] | None:
        """All rows of a query, if this thread got the version in the same way just now."""
        if not getattr(self._mine, "sees", False):
            return None
        with joined(self._mine.connection, self._database, "read the listeners") as cursor:
            return cursor.execute(self._database.text(statement), ()).fetchall()
