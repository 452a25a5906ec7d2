"""The connections of a process to the database, at most `pool_size`, opened when needed, closed when idle.

psycopg's own pool connects in threads of its own: a server that is down is then noticed by a time-out instead of by an
error, and a forked child would be left with locks that nobody opens.
"""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, TypeVar

import psycopg

from pulp_events.errors import StoreBusy, StoreError
from pulp_events.system import forks
from pulp_events.system.logs import get_logger
from pulp_events_postgres.address import Address
from pulp_events_postgres.explain import AGAIN, OTHER_TABLES, explain, is_lost

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

MOST_RUNS = 5
"""How often a transaction is run that the server undoes for the sake of another one."""

_SESSION = {
    # What a server, a database or a user may have set otherwise, and our statements rely on.
    "array_nulls": "on",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "'read committed'",
    "default_transaction_read_only": "off",
    "jit": "off",
}
_TRANSACTION = {key: value for key, value in _SESSION.items() if not key.startswith("default_")}

_logger = get_logger(__name__)

_pooled: set[str] = set()
"""Of which it was said that they are."""
left_behind: list[object] = []
"""Connections of the parent process, in a forked child: neither used nor closed there."""


class Connections:
    """Lends connections in autocommit mode to threads.

    A signal handler or a finaliser may emit amid anything that its thread does here. So nothing is guarded by a lock
    that is not re-entrant, and a thread that has a connection and asks for another one does not wait for itself.

    `listen`: what is set for a session is there at its next statement. It is not behind a pooler, which is noticed.
    """

    _free: queue.SimpleQueue[None]
    _idle: list[tuple[float, Connection]]
    _lent_out: set[Connection]
    _ended: threading.Event

    def __init__(self, address: Address) -> None:
        self.address = address
        self.listen = address.listen
        self.lost = 0
        """How many broke. The server may have crashed, and have undone claims and results of its last moments."""
        self.check_tables: Callable[[], object] = lambda: None
        """Called where the tables are not as a statement expects; raises StoreTooNew if a newer release made them."""
        self._start()
        self._closed = False
        forks.take_part(self)

    def connect(self) -> Connection:
        """A new connection, which the caller closes; raises StoreError."""
        try:
            # Behind a pooler in transaction mode, neither a prepared statement nor a setting of the session is there
            # when the next statement runs.
            connection = psycopg.connect(autocommit=True, prepare_threshold=None, **self.address.parameters)  # type: ignore[arg-type]
            if self.listen and self._is_pooled(connection):
                self.listen = False
            if self.listen:
                connection.prepare_threshold = 5
                connection.execute(
                    "; ".join(f"SET {key} = {value}" for key, value in _SESSION.items()).encode()
                    + f"; SET statement_timeout = {int(self.address.timeout * 1000)}".encode()
                )
            return connection
        except psycopg.Error as error:
            raise explain(self.address, error) from error

    def _is_pooled(self, connection: Connection) -> bool:
        """True where the process that answers is not the one that took the login."""
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        if row is None or row[0] == connection.info.backend_pid:
            return False
        if self.address.shown not in _pooled:
            _pooled.add(self.address.shown)
            _logger.warning(
                "%s is reached through a pooler: continuing as with listen = false in section [storage]; set that",
                self.address.shown,
            )
        return True

    def run(self, operation: Callable[[Connection], T], bounded: bool = True) -> T:
        """`operation(connection)`; raises what it raises, psycopg's errors as StoreError.

        It is run again when the server undid it for the sake of another transaction, and once more when the
        connection was lost: what must not be done twice has to notice that. Not `bounded`: behind a pooler without a
        transaction, and so without a limit of time, for what is asked often and answered from memory.
        """
        runs, lost = 0, False
        while True:
            try:
                with self._lent() as connection, self._bounded(connection) if bounded else nullcontext():
                    return operation(connection)
            except psycopg.Error as error:
                runs += 1
                if isinstance(error, AGAIN) and runs < MOST_RUNS:
                    continue
                if is_lost(error):
                    self.lost += 1
                    if not lost:
                        lost = True
                        continue
                if isinstance(error, OTHER_TABLES):
                    self.check_tables()
                raise explain(self.address, error) from error

    def transaction(self, operation: Callable[[Connection], T]) -> T:
        """`operation(connection)` within a transaction."""

        def within(connection: Connection) -> T:
            with connection.transaction():
                return operation(connection)

        return self.run(lambda own: within(own) if self.listen else operation(own))

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self._closed = True
        self._ended.set()
        while (connection := self._pop()) is not None:
            connection.close()

    def rest(self) -> None:
        """Close what is idle, and end the thread that would."""
        closer, ended = self._closer, self._ended
        while (connection := self._pop()) is not None:
            connection.close()
        ended.set()
        if closer is not None:
            closer.join(2.0)
        self._ended = threading.Event()

    def before_fork(self) -> None:
        """See `forks`. Connections stay open: the child does not touch them."""

    def after_fork(self, in_child: bool) -> None:
        """The child begins without connections."""
        if in_child:
            # Neither used nor closed here.
            left_behind.extend([*(one for _, one in self._idle), *self._lent_out])
            self._start()

    def after_foreign_fork(self) -> None:
        """In the child of a fork that nobody announced: locks are replaced, and connections left to the parent."""
        left_behind.extend([*(one for _, one in self._idle), *self._lent_out])
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._free = queue.SimpleQueue()
        for _ in range(self.address.pool_size):
            self._free.put(None)
        self._mine = threading.local()
        self._idle = []
        self._closer: threading.Thread | None = None
        self._starting = threading.Lock()
        self._ended = threading.Event()
        self._lent_out = set()

    @contextmanager
    def _bounded(self, connection: Connection) -> Iterator[None]:
        """Each statement may take `timeout`: a setting of the session, or where there is none of a transaction."""
        if self.listen:
            yield
            return
        connection.execute(
            "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE, NOT DEFERRABLE; "
            f"SET LOCAL statement_timeout = {int(self.address.timeout * 1000)}; ".encode()
            + "; ".join(f"SET LOCAL {key} = {value}" for key, value in _TRANSACTION.items()).encode()
        )
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextmanager
    def _lent(self) -> Iterator[Connection]:
        if os.getpid() != self._pid:
            self.after_fork(in_child=True)  # by a program that Python was not told of
        free, mine = self._free, self._mine
        again = getattr(mine, "depth", 0)
        mine.depth = again + 1  # from before the turn to after it: whatever comes between finds it so
        try:
            turn = self._has_its_turn(free, again > 0)
            try:
                connection = self._take() or self.connect()
                self._lent_out.add(connection)
                try:
                    yield connection
                finally:
                    self._lent_out.discard(connection)
                    self._give_back(connection)
            finally:
                if turn:
                    free.put(None)
        finally:
            mine.depth = again

    def _has_its_turn(self, free: queue.SimpleQueue[None], again: bool) -> bool:
        """Wait until one of `pool_size` is free. False, at once, for a thread that has one: one more is made."""
        try:
            if again:
                free.get(block=False)
            else:
                free.get(timeout=self.address.timeout)
        except queue.Empty:
            if again:
                return False
            raise StoreBusy(
                f"all {self.address.pool_size} connections of this process to {self.address.shown} were in use for "
                f"{self.address.timeout:g} s; raise pool_size in section [storage]"
            ) from None
        return True

    def _pop(self) -> Connection | None:
        try:
            return self._idle.pop()[1]
        except IndexError:
            return None

    def _take(self) -> Connection | None:
        while True:
            if self._closed:
                raise StoreError(f"the connections to {self.address.shown} were closed by this process")
            connection = self._pop()
            # An idle connection has nothing to say, unless the server ended it.
            if connection is None or (not connection.closed and not readable(connection)):
                return connection
            self.lost += 1
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        if connection.closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.close()
            return
        self._idle.append((time.monotonic(), connection))
        if self._closed or len(self._idle) > self.address.pool_size:
            surplus = self._pop()
            if surplus is not None:
                surplus.close()
        self._ensure_closer()

    def _ensure_closer(self) -> None:
        if self._closer is not None or not self._starting.acquire(blocking=False):
            return
        try:
            if self._closer is None:
                thread = threading.Thread(target=self._close_idle, name="pulp-events-idle", daemon=True)
                self._closer = thread
                thread.start()
        except (RuntimeError, MemoryError) as error:  # as at the end of the interpreter: they are closed then anyway
            self._closer = None
            _logger.debug("idle connections stay open: %s", error)
        finally:
            self._starting.release()

    def _close_idle(self) -> None:
        """Close what nobody needed for `idle` seconds; ends when nothing is left."""
        ended, idle = self._ended, self._idle
        while idle and not self._closed:
            ended.wait(max(0.05, idle_since(idle) + self.address.idle - time.monotonic()))
            while idle and idle_since(idle) <= time.monotonic() - self.address.idle:
                try:
                    _, connection = idle.pop(0)  # the one that was needed longest ago: threads take the last
                except IndexError:
                    break
                connection.close()
        if idle is self._idle:
            self._closer = None
            if idle and not self._closed:
                self._ensure_closer()


def idle_since(idle: list[tuple[float, Connection]]) -> float:
    """Since when the first is idle; for an empty list, now."""
    try:
        return idle[0][0]
    except IndexError:
        return time.monotonic()


def readable(connection: Connection) -> bool:
    """True if something came in on the connection, or its end."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
