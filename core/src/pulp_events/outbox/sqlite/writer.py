"""One writing connection for all threads of the process, with group commit."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pulp_events import forks
from pulp_events.errors import StoreError
from pulp_events.outbox.sqlite.connection import connect, explain, identity, patiently
from pulp_events.outbox.sqlite.set_up import set_up

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]


class _Job(Generic[T]):
    def __init__(self, operation: Operation[T], durable: bool) -> None:
        self.operation = operation
        self.durable = durable
        self.done = False
        self.result: T | None = None
        self.error: Exception | None = None


class Writer:
    """Runs operations in transactions. Threads that come at once share one transaction, and so one fsync.

    A thread queues its operation and waits for its turn; whoever has the turn runs everything that is queued, commits
    once, and those that waited find their work done.
    """

    def __init__(self, path: Path, set_damaged_aside: bool = True) -> None:
        self._path = path
        self._set_damaged_aside = set_damaged_aside
        self._name = str(path)
        self._turn = threading.Lock()
        self._queue_lock = threading.Lock()
        self._queue: list[_Job[Any]] = []
        self._synchronous = ""
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._closed = False
        forks.take_part(self)

    def run(self, operation: Operation[T], durable: bool = False) -> T:
        """`operation(connection)` within a transaction; committed when this returns.

        `durable`: on the disk, too. Otherwise the commit survives a crash of the process, and a power cut may undo it.
        Raises what the operation raises (its changes are undone, those of others are not), or StoreError.
        """
        job = _Job(operation, durable)
        with self._queue_lock:
            self._queue.append(job)
        with self._turn:
            if not job.done:
                with self._queue_lock:
                    jobs, self._queue = self._queue, []
                self._commit(jobs)
        if job.error is not None:
            raise job.error
        return cast(T, job.result)

    def close(self) -> None:
        """Close the connection. Nothing can be run afterwards."""
        with self._turn:
            self._closed = True
            self._let_go()

    def before_fork(self) -> None:
        """Wait for the transaction under way; see `forks`."""
        self._turn.acquire()
        self._queue_lock.acquire()
        self._let_go()

    def after_fork(self, in_child: bool) -> None:
        """Go on; in the child, what the parent's other threads had queued is theirs."""
        if in_child:
            self._queue = []
        self._queue_lock.release()
        self._turn.release()

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._synchronous = ""

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(f"{self._path} was closed by this process")
        if self._connection is not None and identity(self._name) != self._file:
            self._let_go()  # the file was set aside, moved or deleted: what is stored in it now would be lost
        if self._connection is None:
            set_up(self._path, self._set_damaged_aside)
            self._connection = connect(self._path)
            self._file = identity(self._name)
        return self._connection

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        try:
            connection = self._connected()
            self._set_synchronous(connection, "FULL" if any(job.durable for job in jobs) else "NORMAL")
            patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            for job in jobs:
                self._run_one(connection, job, alone=len(jobs) == 1)
            if connection.in_transaction:
                connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            failure = self._failure(error)
            for job in jobs:
                job.error = job.error or failure
            if not isinstance(error, Exception):
                raise
        finally:
            for job in jobs:
                job.done = True

    def _run_one(self, connection: sqlite3.Connection, job: _Job[Any], alone: bool) -> None:
        if not alone:
            connection.execute("SAVEPOINT job")
        try:
            job.result = job.operation(connection)
        except Exception as error:  # noqa: BLE001  # handed to the thread whose operation it is
            if alone or not connection.in_transaction:
                # SQLite itself rolls everything back on a full disk or an I/O error: then no operation was stored.
                raise
            job.error = self._failure(error)
            connection.execute("ROLLBACK TO job")
        if not alone:
            connection.execute("RELEASE job")

    def _failure(self, error: BaseException) -> Exception:
        if isinstance(error, sqlite3.Error):
            failure = explain(self._path, error)
            failure.__cause__ = error
            return failure
        return error if isinstance(error, Exception) else StoreError(f"{self._path}: interrupted; nothing was stored")

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                self._let_go()  # what cannot be rolled back now is rolled back by whoever opens the file next

    def _set_synchronous(self, connection: sqlite3.Connection, value: str) -> None:
        if value != self._synchronous:
            patiently(lambda: connection.execute(f"PRAGMA synchronous = {value}"))
            self._synchronous = value
