"""One writing connection for all threads of the process, with group commit."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pulp_events.errors import StoreError
from pulp_events.outbox.sqlite.connection import connect, explain, patiently

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

    _queue: list[_Job[Any]]

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def run(self, operation: Operation[T], durable: bool = False) -> T:
        """`operation(connection)` within a transaction; committed when this returns.

        `durable`: on the disk, too. Otherwise the commit survives a crash of the process, and a power cut may undo it.
        Raises what the operation raises (its changes are undone, those of others are not), or StoreError.
        """
        if os.getpid() != self._pid:
            self._open()  # a connection must not be carried over a fork (https://www.sqlite.org/howtocorrupt.html §2.6)
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
        """Close the connection; a parent's connection that came over a fork is left alone."""
        if os.getpid() == self._pid:
            with self._turn:
                self._connection.close()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._turn = threading.Lock()
        self._queue_lock = threading.Lock()
        self._queue = []
        self._synchronous = ""
        self._connection = connect(self._path)

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        connection = self._connection
        try:
            self._set_synchronous("FULL" if any(job.durable for job in jobs) else "NORMAL")
            patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
            for job in jobs:
                self._run_one(job, alone=len(jobs) == 1)
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

    def _run_one(self, job: _Job[Any], alone: bool) -> None:
        connection = self._connection
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
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                # What cannot be rolled back now is rolled back by whoever opens the file next.
                self._connection.close()
                self._connection = connect(self._path)
                self._synchronous = ""

    def _set_synchronous(self, value: str) -> None:
        if value != self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {value}")
            self._synchronous = value
