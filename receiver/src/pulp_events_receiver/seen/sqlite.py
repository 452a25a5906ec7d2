"""`Seen` in SQLite, by the standard library's `sqlite3`."""

from __future__ import annotations

import sqlite3
from typing import Any

from pulp_events_receiver.seen.door import CREATE, CREATE_INDEX, FORGET, INSERT, Door

_INSERT, _FORGET = INSERT.replace("%s", "?"), FORGET.replace("%s", "?")


class Seen(Door[sqlite3.Connection]):
    """Deliveries that were applied, in a table beside what they changed."""

    def create(self, connection: sqlite3.Connection) -> None:
        """Make the table, if it is not there."""
        connection.execute(CREATE)
        connection.execute(CREATE_INDEX)

    def _in_transaction(self, connection: sqlite3.Connection) -> bool:
        return begins_transactions(connection)

    def _insert(self, connection: sqlite3.Connection, delivery_id: str, now: float) -> bool:
        return connection.execute(_INSERT, (self.sender, delivery_id, now)).rowcount == 1

    def _forget(self, connection: sqlite3.Connection, before: float, most: int) -> int:
        return connection.execute(_FORGET, (before, most)).rowcount


def begins_transactions(connection: Any) -> bool:
    """Whether a sqlite3 connection is in a transaction, or begins one by itself when something is written."""
    if getattr(connection, "in_transaction", False):
        return True
    autocommit = getattr(connection, "autocommit", -1)  # Python 3.12; -1: as before
    if autocommit == -1:
        return connection.isolation_level is not None
    return not autocommit
