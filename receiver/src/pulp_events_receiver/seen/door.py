"""`Door`: what the four `Seen` have in common: one table, and when its rows are forgotten."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

C = TypeVar("C", contravariant=True)

DAY = 86_400.0
KEEP = 90 * DAY
"""Longer than a delivery lives by default: 30 days as dead, from which it may be retried, after its schedule."""

EVERY = 100
MOST_FORGOTTEN = 200
"""With every hundredth new delivery, up to 200 old ids go: twice as many as came, so that the table does not grow."""

CREATE = """
CREATE TABLE IF NOT EXISTS pulp_events_seen (
    sender varchar(200) NOT NULL,
    delivery_id varchar(255) NOT NULL,
    seen_at double precision NOT NULL,
    PRIMARY KEY (sender, delivery_id)
)
"""
CREATE_INDEX = "CREATE INDEX IF NOT EXISTS pulp_events_seen_at ON pulp_events_seen (seen_at)"
INSERT = """
INSERT INTO pulp_events_seen (sender, delivery_id, seen_at) VALUES (%s, %s, %s)
ON CONFLICT (sender, delivery_id) DO NOTHING
"""
FORGET = """
DELETE FROM pulp_events_seen WHERE (sender, delivery_id) IN (
    SELECT sender, delivery_id FROM pulp_events_seen WHERE seen_at < %s ORDER BY seen_at LIMIT %s
)
"""
FORGET_ON_POSTGRESQL = FORGET.replace("LIMIT %s", "LIMIT %s FOR UPDATE SKIP LOCKED")
"""Of two transactions that forget, neither waits for the other."""


class Door(ABC, Generic[C]):
    """Knows which deliveries were applied, in a database that is reached through connections of the type C.

    `sender`: whose deliveries they are, where several send to this database: applications may give events ids of
    their own, and two senders the same ones. `keep`: seconds for which ids are remembered, None for ever; it should
    be longer than a sender may take to repeat a delivery. `clock`: seconds since the epoch.
    """

    def __init__(self, *, sender: str = "", keep: float | None = KEEP, clock: Callable[[], float] = time.time) -> None:
        self.sender = sender
        self.keep = keep
        self._clock = clock
        self._until_forgetting = 0

    def first(self, connection: C, delivery_id: str) -> bool:
        """Whether this delivery was not applied before: True once, in the transaction that then commits.

        To be asked within the transaction that applies the event, before anything else is done in it: it is
        remembered with that transaction, and not at all if that is rolled back. While another transaction is just
        applying the same delivery, this waits for its end. Raises RuntimeError outside a transaction, where the id
        would be remembered although what follows may fail.
        """
        if not self._in_transaction(connection):
            raise RuntimeError(
                "Seen.first() was called on a connection that commits each statement by itself; "
                "call it within the transaction that applies the event"
            )
        if not self._insert(connection, delivery_id, self._clock()):
            return False
        if self._until_forgetting == 0:
            self._until_forgetting = EVERY
            self.forget(connection)
        self._until_forgetting -= 1
        return True

    def forget(self, connection: C, most: int = MOST_FORGOTTEN) -> int:
        """Forget up to `most` ids that are older than `keep`; returns how many. `first` does so now and then."""
        return 0 if self.keep is None else self._forget(connection, self._clock() - self.keep, most)

    @abstractmethod
    def _in_transaction(self, connection: C) -> bool:
        """Whether what is written now is committed with what follows."""

    @abstractmethod
    def _insert(self, connection: C, delivery_id: str, now: float) -> bool:
        """Whether it was not there."""

    @abstractmethod
    def _forget(self, connection: C, before: float, most: int) -> int: ...
