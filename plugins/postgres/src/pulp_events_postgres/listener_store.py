"""`PostgresListenerStore`: listener records in a PostgreSQL database."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from pulp_events.errors import ListenerNotFound, StoreCorrupt, StoreError
from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.listener import Listener
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.watch import LISTENERS

T = TypeVar("T")

FRESH = 0.5
"""Seconds for which a version counts as the present one, so that not every emit asks for it."""

# Last in each change: whoever holds this row's lock waits for nobody.
_BUMP = "UPDATE @.pulp_listener_version SET version = version + 1"


class PostgresListenerStore:
    """Implements `ListenerStore`. `fresh`: how old a version may be, in seconds, before it is asked for again.

    A change that this process makes holds for it at once; another's after `fresh` seconds at the latest.
    """

    def __init__(self, database: Database, fresh: float = FRESH) -> None:
        self.database = database
        self._fresh = fresh
        self._version: int | None = None
        self._asked = float("-inf")
        self._closed = False

    def version(self) -> Hashable | None:
        now = time.monotonic()
        if now - self._asked >= self._fresh or self.database.listeners_changed:
            self.database.listeners_changed = False
            self._version = self.database.rows("SELECT version FROM @.pulp_listener_version")[0][0] or None
            self._asked = now
        return self._version

    def all(self) -> Sequence[Listener]:
        rows = self.database.rows("SELECT id, document::text FROM @.pulp_listener ORDER BY seq")
        return [self._listener(*row) for row in rows]

    def add(self, listener: Listener) -> None:
        document, tries = dump(listener), 0

        def add(own: Connection) -> None:
            nonlocal tries
            tries += 1
            text = "INSERT INTO @.pulp_listener (id, document) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING"
            if own.execute(self.database.text(text), (listener.id, document)).rowcount:
                self._changed(own)
            elif tries == 1:
                raise StoreError(f"a listener with id {listener.id} exists already; nothing was stored")
            # else the connection was lost while the first try committed

        self._write(add)

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        def replace(own: Connection) -> Listener:
            before = self._find(own, listener_id)
            after = change(before)
            if after != before:
                own.execute(
                    self.database.text("UPDATE @.pulp_listener SET document = %s WHERE id = %s"),
                    (dump(after), listener_id),
                )
                self._changed(own)
            return after

        return self._write(replace)

    def remove(self, listener_id: str) -> Listener:
        found: Listener | None = None

        def remove(own: Connection) -> Listener:
            nonlocal found
            try:
                found = self._find(own, listener_id)
            except ListenerNotFound:
                if found is None:
                    raise
                return found  # the connection was lost while the first try committed
            own.execute(self.database.text("DELETE FROM @.pulp_listener WHERE id = %s"), (listener_id,))
            self._changed(own)
            return found

        return self._write(remove)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.database.close()

    def _write(self, operation: Callable[[Connection], T]) -> T:
        try:
            return self.database.connections.transaction(operation)
        finally:
            self._asked = float("-inf")

    def _changed(self, own: Connection) -> None:
        own.execute(self.database.text(_BUMP))
        if self.database.address.listen:
            own.execute("SELECT pg_notify(%s, %s)", (self.database.channel, LISTENERS))

    def _find(self, own: Connection, listener_id: str) -> Listener:
        row = own.execute(
            self.database.text("SELECT id, document::text FROM @.pulp_listener WHERE id = %s FOR UPDATE"),
            (listener_id,),
        ).fetchone()
        if row is None:
            raise ListenerNotFound(
                f"no listener has the id {listener_id!r}; `pulp-admin event listener list` shows them"
            )
        return self._listener(*row)

    def _listener(self, listener_id: str, document: str) -> Listener:
        try:
            return from_document(json.loads(document))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreCorrupt(
                f"{self.database.address.shown}, table pulp_listener: the record with id {listener_id} is no listener "
                f"({type(error).__name__}: {error}); it was left as it is; restore it from a backup"
            ) from error


def dump(listener: Listener) -> str:
    """As it is stored."""
    return json.dumps(to_document(listener))
