"""`Seen` in Django, on PostgreSQL and SQLite: an app whose migration makes the table.

`pulp_events_receiver.seen.django` is its name in `INSTALLED_APPS`.

from django.db import connection, transaction

with transaction.atomic():
    if seen.first(connection, received.delivery_id):
        ...
"""

from __future__ import annotations

from typing import Any

from pulp_events_receiver.seen.door import FORGET, FORGET_ON_POSTGRESQL, INSERT, Door

_FORGET = {"postgresql": FORGET_ON_POSTGRESQL, "sqlite": FORGET}
"""By `connection.vendor`."""


class Seen(Door[Any]):
    """Deliveries that were applied, in a table beside what they changed.

    `connection` is `django.db.connection`, or that of another database from `django.db.connections`, within an
    `atomic()` of the same one.
    """

    def _in_transaction(self, connection: Any) -> bool:
        if connection.vendor not in _FORGET:
            raise RuntimeError(f"Seen knows PostgreSQL and SQLite, not {connection.vendor}")
        return bool(connection.in_atomic_block or not connection.get_autocommit())

    def _insert(self, connection: Any, delivery_id: str, now: float) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(INSERT, (self.sender, delivery_id, now))
            return bool(cursor.rowcount == 1)

    def _forget(self, connection: Any, before: float, most: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET[connection.vendor], (before, most))
            return int(cursor.rowcount)
