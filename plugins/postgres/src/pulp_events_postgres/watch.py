"""Notices what other processes stored: by LISTEN where that is possible, and by looking now and then."""

from __future__ import annotations

import os
import time
from typing import Any

import psycopg

from pulp_events.system import forks
from pulp_events_postgres.connections import Connection, left_behind, readable
from pulp_events_postgres.database import Database
from pulp_events_postgres.explain import explain

LISTENERS = "listeners"
"""What the announcement of a change of listeners says."""
LOOK = 0.03
"""Seconds between looks, at least. What an application stored within its own transaction is not announced."""
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
        self._usual = LOOK if look is None else look
        self._start()
        forks.take_part(self)

    def changed(self) -> bool:
        """True if others stored something since the last call: a small query, every LOOK seconds or when announced."""
        if os.getpid() != self._pid:
            self.after_fork(in_child=True)  # by a program that Python was not told of
        listeners_changed = self._database.listeners_changed
        heard = self._database.connections.listen and self._heard()
        now = time.monotonic()
        if heard or now >= self._next_look:
            seen = self._look()
            # Where the server is far away or has very much to do, looking takes a tenth of the time at most.
            spent = time.monotonic() - now
            self._next_look = now + max(self._usual, 10 * spent if self._usual else 0.0)
            was, self._seen = self._seen, seen
        else:
            seen = was = None
        return seen != was or (self._database.listeners_changed and not listeners_changed)

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
        self._pid = os.getpid()
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
            if not self._database.connections.listen:  # it just turned out to lead to a pooler
                connection.close()
                return False
            try:
                connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(self._database.channel)))
                look = self._database.text(_LOOK).replace("%%", "%")
                connection.pgconn.prepare(_NAME, look.encode())
            except psycopg.Error as error:
                connection.close()
                raise explain(self._database.address, error) from error
            self._connection = connection
            self._database.listeners_changed = True
            return True  # whatever came while nobody listened
        return readable(connection)  # an announcement, or its end

    def _look(self) -> Any:
        """Differs where somebody stored or changed something since the last look, or a transaction ended that did."""
        connection = self._connection
        if connection is not None:
            try:
                return self._look_on(connection.pgconn)
            except psycopg.Error:
                connection.close()
                self._connection = None
        return self._database.ask(_LOOK)

    def _look_on(self, own: psycopg.pq.abc.PGconn) -> Any:
        # Some dozen times a second in each idle worker: psycopg's own way takes thrice the CPU time.
        found = own.exec_prepared(_NAME, [])
        if found.status != psycopg.pq.ExecStatus.TUPLES_OK:
            raise psycopg.OperationalError(found.error_message.decode("utf-8", "replace"))
        while (notice := own.notifies()) is not None:
            if notice.extra == LISTENERS.encode():
                self._database.listeners_changed = True
        return found.get_value(0, 0), found.get_value(0, 1)


_NAME = b"pulp_look"
_LOOK = "SELECT look[2], look[5:4 + look[4]] FROM @.pulp_look()"
