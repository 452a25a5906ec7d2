"""`Seen` in PostgreSQL, by psycopg 3."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.pq import TransactionStatus

from pulp_events_receiver.seen.door import CREATE, CREATE_INDEX, FORGET_ON_POSTGRESQL, INSERT, Door

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('pulp_events_seen'))"
"""Of two that create the same table at once, PostgreSQL refuses one, IF NOT EXISTS or not."""


class Seen(Door["Connection[Any]"]):
    """Deliveries that were applied, in a table beside what they changed."""

    def create(self, connection: Connection[Any]) -> None:
        """Make the table, if it is not there; in a transaction of the connection."""
        with connection.transaction():
            for statement in (_ONE_AT_A_TIME, CREATE, CREATE_INDEX):
                connection.execute(statement)

    def _in_transaction(self, connection: Connection[Any]) -> bool:
        return not connection.autocommit or connection.info.transaction_status != TransactionStatus.IDLE

    def _insert(self, connection: Connection[Any], delivery_id: str, now: float) -> bool:
        return connection.execute(INSERT, (self.sender, delivery_id, now)).rowcount == 1

    def _forget(self, connection: Connection[Any], before: float, most: int) -> int:
        return connection.execute(FORGET_ON_POSTGRESQL, (before, most)).rowcount
