"""Notices what other processes stored: by LISTEN where that is possible, and by looking now and then."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from pulp_events import forks
from pulp_events_postgres.connections import Connection, left_behind, readable
from pulp_events_postgres.database import Database
from pulp_events_postgres.explain import explain
from pulp_events_postgres.ledger import LAST, READY

LISTENERS = "listeners"
"""What the announcement of a change of listeners says."""
LOOK_LISTENING = 1.0
"""Seconds between looks where announcements come, too: one may be lost with the process that was to make it."""
LOOK_POLLING = 0.1
"""Seconds between looks where none come."""
RECONNECT = 1.0
"""Seconds between tries to listen again."""


class Watch:
    """Used by one thread, the dispatcher's. `look`: seconds between looks, if not the usual ones."""

    _connection: Connection | None
    _seen: Any
    _next_look: float
    _reconnect_at: float

    def __init__(self, database: Database, look: float | None = None) -> None:
        self._database = database
        self._listen = database.address.listen
        self._usual = (LOOK_LISTENING if self._listen else LOOK_POLLING) if look is None else look
        self._start()
        forks.take_part(self)

    def changed(self) -> bool:
        """True if others may have stored something since the last call. A system call, as a rule; a query at times."""
        heard = self._listen and self._heard()
        now = time.monotonic()
        if now < self._next_look:
            return heard
        seen = self._signature()
        # Where very many listeners have something pending, looking takes time: it may take a tenth of ours.
        spent = time.monotonic() - now
        self._next_look = now + max(self._usual, 10 * spent if self._usual else 0.0)
        was, self._seen = self._seen, seen
        return heard or seen != was

    def close(self) -> None:
        """Stop listening."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def before_fork(self) -> None:
        """See `forks`."""

    def after_fork(self, in_child: bool) -> None:
        """The connection stays the parent's."""
        if in_child:
            left_behind.append(self._connection)
            self._start()

    def _start(self) -> None:
        self._connection = None
        self._seen = None
        self._next_look = 0.0
        self._reconnect_at = 0.0

    def _heard(self) -> bool:
        connection = self._connection
        if connection is None:
            now = time.monotonic()
            if now < self._reconnect_at:
                return False
            self._reconnect_at = now + RECONNECT
            connection = self._database.connections.connect()
            try:
                connection.execute("SET statement_timeout = 0")
                connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(self._database.channel)))
            except psycopg.Error as error:
                connection.close()
                raise explain(self._database.address, error) from error
            self._connection = connection
            self._database.listeners_changed = True
            return True  # whatever came while nobody listened
        try:
            if not readable(connection):
                return False
            for notice in connection.notifies(timeout=0):
                if notice.payload == LISTENERS:
                    self._database.listeners_changed = True
        except psycopg.Error:
            connection.close()
            self._connection = None
        return True

    def _signature(self) -> Any:
        """Differs where somebody has become ready to be claimed from since the last look."""
        rows = self._database.rows(READY)
        last = self._database.rows(LAST, ([row[0] for row in rows],)) if rows else []
        return [row[:3] for row in rows], last
