"""The connections of a process to the database, at most `pool_size`, opened when needed and kept.

psycopg's own pool connects in threads of its own: a server that is down is then noticed by a time-out instead of by an
error, and a forked child would be left with locks that nobody opens.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg

from pulp_events import forks
from pulp_events.errors import StoreBusy, StoreError
from pulp_events_postgres.address import Address
from pulp_events_postgres.explain import AGAIN, explain, is_lost

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

TRIES = 5
"""How often a transaction is run that the server undoes for the sake of another one."""

left_behind: list[object] = []
"""Connections of the parent process, in a forked child: neither used nor closed there."""


class Connections:
    """Lends connections in autocommit mode to threads."""

    _lock: threading.Lock
    _free: threading.BoundedSemaphore
    _idle: list[Connection]
    _lent_out: set[Connection]

    def __init__(self, address: Address) -> None:
        self.address = address
        self._start()
        self._closed = False
        forks.take_part(self)

    def connect(self) -> Connection:
        """A new connection, which the caller closes; raises StoreError."""
        try:
            # Behind a pooler in transaction mode, neither a prepared statement nor a setting of the session is there
            # when the next statement runs.
            threshold = 5 if self.address.listen else None
            connection = psycopg.connect(autocommit=True, prepare_threshold=threshold, **self.address.parameters)  # type: ignore[arg-type]
            if self.address.listen:
                connection.execute(f"SET statement_timeout = {int(self.address.timeout * 1000)}")
            return connection
        except psycopg.Error as error:
            raise explain(self.address, error) from error

    def run(self, operation: Callable[[Connection], T]) -> T:
        """`operation(connection)`; raises what it raises, psycopg's errors as StoreError.

        It is run again when the server undid it for the sake of another transaction, and once more when the
        connection was lost: what must not be done twice has to notice that.
        """
        tries, lost = 0, False
        while True:
            try:
                with self._lent() as connection, self._bounded(connection):
                    return operation(connection)
            except psycopg.Error as error:
                tries += 1
                if isinstance(error, AGAIN) and tries < TRIES:
                    continue
                if is_lost(error) and not lost:
                    lost = True
                    continue
                raise explain(self.address, error) from error

    def transaction(self, operation: Callable[[Connection], T]) -> T:
        """`operation(connection)` within a transaction."""

        def within(connection: Connection) -> T:
            with connection.transaction():
                return operation(connection)

        return self.run(within if self.address.listen else operation)

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def before_fork(self) -> None:
        """See `forks`. Connections stay open: the child does not touch them."""
        self._lock.acquire()

    def after_fork(self, in_child: bool) -> None:
        """The child begins without connections."""
        self._lock.release()
        if in_child:
            left_behind.extend([*self._idle, *self._lent_out])
            self._start()

    def after_foreign_fork(self) -> None:
        """In the child of a fork that nobody announced: locks are replaced, and connections left to the parent."""
        left_behind.extend([*self._idle, *self._lent_out])
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(self.address.pool_size)
        self._idle = []
        self._lent_out = set()

    @contextmanager
    def _bounded(self, connection: Connection) -> Iterator[None]:
        """Each statement may take `timeout`: a setting of the session, or where there is none of a transaction."""
        if self.address.listen:
            yield
            return
        connection.execute(f"BEGIN; SET LOCAL statement_timeout = {int(self.address.timeout * 1000)}".encode())
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextmanager
    def _lent(self) -> Iterator[Connection]:
        free = self._free
        if not free.acquire(timeout=self.address.timeout):
            raise StoreBusy(
                f"all {self.address.pool_size} connections of this process to {self.address.shown} were in use for "
                f"{self.address.timeout:g} s; raise pool_size in section [storage]"
            )
        try:
            connection = self._take() or self.connect()
            self._lent_out.add(connection)
            try:
                yield connection
            finally:
                self._lent_out.discard(connection)
                self._give_back(connection)
        finally:
            free.release()

    def _take(self) -> Connection | None:
        while True:
            with self._lock:
                if self._closed:
                    raise StoreError(f"the connections to {self.address.shown} were closed by this process")
                if not self._idle:
                    return None
                connection = self._idle.pop()
            # An idle connection has nothing to say, unless the server ended it.
            if not connection.closed and not readable(connection):
                return connection
            connection.close()

    def _give_back(self, connection: Connection) -> None:
        if connection.closed or connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.close()
            return
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()


def readable(connection: Connection) -> bool:
    """True if something came in on the connection, or its end."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
