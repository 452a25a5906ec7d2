"""One writing connection for all threads of the process, with group commit."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pulp_events.errors import StoreBusy, StoreCorrupt
from pulp_events.outbox.sqlite import insertion
from pulp_events.outbox.sqlite.connection import ERRORS, damaged, explain, note_damage, patiently
from pulp_events.outbox.sqlite.kept_connection import KeptConnection
from pulp_events.outbox.sqlite.own_transaction import (
    NOTICE,
    Candidates,
    is_held_by_this_process,
    is_held_by_this_thread,
)
from pulp_events.outbox.sqlite.patience import Patience, closing
from pulp_events.system import forks
from pulp_events.system.exclusive import Exclusive
from pulp_events.system.logs import get_logger
from pulp_events.system.uninterrupted import caller_left, in_caller, uninterrupted

T = TypeVar("T")

_logger = get_logger(__name__)

LOG_PAGES = 3000
"""Pages (4 KiB) in the log after which a commit carries them over into the database, which takes some milliseconds.

SQLite's own 1000 would make that one of 160 emits, and the one after it slow too: more than one in a hundred.
"""
LOG_BYTES = 16 * 1024 * 1024
"""To which the log is cut after it has grown beyond, as it does while somebody reads for long; it would stay large."""
TELL = 1.0
"""Seconds of waiting after which a transaction of the same process is told of: it may be waiting for us."""
_GIVE_CONNECTION = "if it is the caller's, give emit its connection as connection=…, or commit first"
_OTHERS = ("other transactions", "retry later")
Operation = Callable[[sqlite3.Connection], T]


class _Job(Generic[T]):
    __slots__ = ("done", "durable", "error", "operation", "result", "single", "until")

    def __init__(self, operation: Operation[T], durable: bool, single: bool, until: float | None) -> None:
        self.until = until
        self.operation = operation
        self.durable = durable
        self.single = single
        self.done = False
        self.result: T | None = None
        self.error: Exception | None = None


class Writer:
    """Runs operations in transactions. Threads that come at once share one transaction, and so one fsync.

    A thread queues its operation and waits for its turn; whoever has the turn runs everything that is queued, commits
    once, and those that waited find their work done.
    """

    def __init__(self, path: Path, set_damaged_aside: bool = True, patience: Patience | None = None) -> None:
        """`patience`: how long other transactions are waited for."""
        self._path = path
        self._patience = patience or Patience()
        self._exclusive = Exclusive(f"storing in {path}")
        self._queue: deque[_Job[Any]] = deque()  # whose append and popleft are atomic
        self._synchronous = ""
        self._held_here = False
        """Whether what is waited for was seen to be a transaction of this process."""
        self._seen: object = None
        self._candidates = Candidates()
        self._connection = KeptConnection(path, set_damaged_aside, self._prepare)
        forks.take_part(self)

    def run(
        self, operation: Operation[T], durable: bool = False, single: bool = False, limit: float | None = None
    ) -> T:
        """`operation(connection)` within a transaction; committed when this returns.

        `durable`: on the disk, too. Otherwise the commit survives a crash of the process, and a power cut may undo it.
        `single`: it is one statement, which is a transaction by itself where no other operation shares it.
        `limit`: seconds to wait for other transactions, in place of `patience`, and however many come meanwhile.
        Raises what the operation raises (its changes are undone, those of others are not), or StoreError; StoreError
        too where this thread is in the middle of another operation, as in a finalizer. What a signal handler raises
        reaches nobody but its caller, and breaks no transaction off: see `uninterrupted`.
        """
        forks.notice()
        return uninterrupted(self._run, operation, durable, single, limit)

    def _run(self, operation: Operation[T], durable: bool, single: bool, limit: float | None) -> T:
        job = _Job(operation, durable, single, None if limit is None else time.monotonic() + limit)
        self._queue.append(job)
        try:
            # Whoever has the turn may wait for a transaction of this thread, which would then wait for itself.
            moments = [(NOTICE, lambda: self._check_waiting(job))]
            if limit is not None:
                moments = [*(each for each in moments if each[0] < limit), (limit, lambda: self._check_over(job))]
            self._exclusive.run_noticing(moments, self._see_to, job)
        finally:
            if not job.done:
                # Refused or interrupted: nobody else may store what the caller is told was not stored.
                with contextlib.suppress(ValueError):
                    self._queue.remove(job)
        if job.error is not None:
            raise job.error
        return cast(T, job.result)

    def others_wrote(self) -> bool:
        """True if any other connection committed since the last call (`PRAGMA data_version`); True the first time."""
        forks.notice()
        try:
            seen = self._exclusive.run(self._data_version)
        except ERRORS as error:
            raise explain(self._path, error) from error
        was, self._seen = self._seen, seen
        return seen != was

    def _data_version(self) -> object:
        connection = self._connection.get()
        return id(connection), patiently(connection.execute, "PRAGMA data_version", path=self._path).fetchone()

    def _check_waiting(self, job: _Job[Any]) -> None:
        if job in self._queue:  # else it is being done
            try:
                self._check_own_transaction()
            except _OwnTransaction as error:
                raise StoreBusy(str(error)) from None

    def _check_over(self, job: _Job[Any]) -> None:
        """Its time is over."""
        if job in self._queue:  # else it is being done
            raise StoreBusy(_took_too_long(self._path, self._held_here))

    def _check_own_transaction(self) -> None:
        if self._candidates.exist() and in_caller(lambda: is_held_by_this_thread(self._path), False):
            raise _OwnTransaction(
                f"{self._path} is locked by a transaction of this same thread: pass that connection to emit as "
                "connection=…, or commit first; nothing was stored"
            )

    def _tell_of_own_process(self) -> None:
        if is_held_by_this_process(self._path):
            self._held_here = True
            _logger.warning(
                "%s has been locked for %.0f s by a transaction of this same process, for which something waits to be "
                "stored; %s",
                self._path,
                TELL,
                _GIVE_CONNECTION,
            )

    def close(self) -> None:
        """Close the connection. Nothing can be run afterwards."""
        self._exclusive.run(self._connection.close)

    def before_fork(self) -> None:
        """Wait for the transaction under way; see `forks`."""
        if self._exclusive.hold():
            self._connection.let_go()

    def after_fork(self, in_child: bool) -> None:
        """Go on; in the child, what the parent's other threads had queued is theirs."""
        if in_child:
            self._queue.clear()
            if not self._exclusive.is_free:
                self._connection.give_up()  # a signal handler forked in the middle of a transaction
        self._exclusive.let_go()

    def after_foreign_fork(self) -> None:
        """In the child of a fork that nobody announced."""
        self._connection.after_foreign_fork(idle=self._exclusive.is_free)
        self._exclusive = Exclusive(f"storing in {self._path}")
        self._queue = deque()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        patiently(connection.execute, f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        patiently(connection.execute, f"PRAGMA journal_size_limit = {LOG_BYTES}")
        insertion.prepare(connection)
        self._synchronous = ""

    def _see_to(self, job: _Job[Any]) -> None:
        if not job.done:
            self._commit_queue(job)

    def _commit_queue(self, own: _Job[Any]) -> None:
        """All that wait, in one transaction. They stay in the queue until it has begun: a thread whose own transaction
        keeps it from beginning can still be refused."""
        waiting = list(self._queue)
        jobs: list[_Job[Any]] = []
        durable = any(job.durable for job in waiting)
        try:
            connection = self._connection.get()
            synchronous = "FULL" if durable else "NORMAL"
            if synchronous != self._synchronous:
                self._set_synchronous(connection, synchronous)
            if own.single and waiting == [own]:
                self._queue.remove(own)
                jobs.append(own)
                own.result = self._patiently(own.operation, connection, limit=own.until)
            else:
                self._patiently(connection.execute, "BEGIN IMMEDIATE", limit=own.until)
                # Whoever came meanwhile and must be on the disk waits for a turn of its own, as this one began without.
                while self._queue and (durable or not self._queue[0].durable):
                    jobs.append(self._queue.popleft())
                self._run_together(connection, jobs)
        except Exception as error:  # noqa: BLE001  # handed to the threads whose operations these are
            self._roll_back()
            failure, alone = self._given_up(error, own)
            for job in jobs or self._take([own] if alone else waiting):
                job.error = job.error or failure
                job.done = True
            if isinstance(failure, StoreCorrupt) or any(isinstance(job.error, StoreCorrupt) for job in jobs):
                self._connection.found_damaged()
        except BaseException:
            # Raised in this thread by somebody who meant this thread (PyThreadState_SetAsyncExc).
            if self._roll_back():
                self._put_back([job for job in jobs if job is not own])
                jobs = [own]
            raise
        finally:
            for job in jobs:
                job.done = True

    def _put_back(self, jobs: list[_Job[Any]]) -> None:
        """Each is done by the thread that waits for it, or by another."""
        for job in jobs:
            job.result = job.error = None
        self._queue.extendleft(reversed(jobs))

    def _given_up(self, error: Exception, own: _Job[Any]) -> tuple[Exception, bool]:
        """What to say of a transaction that did not come about; whether only to the thread that had the turn, as the
        others have time, and go on waiting."""
        if isinstance(error, _OwnTransaction):
            return StoreBusy(str(error)), True
        failure, now, end = self._failure(error), time.monotonic(), self._patience.end
        if not isinstance(failure, StoreBusy):
            return failure, False
        if end is not None and now >= end:
            return StoreBusy(closing(self._path)), False
        if caller_left() or (own.until is not None and now >= own.until):
            return StoreBusy(_took_too_long(self._path, self._held_here)), True
        return StoreBusy(_took_too_long(self._path, True, "`timeout`")) if self._held_here else failure, False

    def _take(self, waiting: list[_Job[Any]]) -> Iterator[_Job[Any]]:
        """Those of them that still wait, out of the queue."""
        for job in waiting:
            with contextlib.suppress(ValueError):  # refused meanwhile
                self._queue.remove(job)
                yield job

    def _run_together(self, connection: sqlite3.Connection, jobs: list[_Job[Any]]) -> None:
        for job in jobs:
            self._run_one(connection, job, alone=len(jobs) == 1)
        if connection.in_transaction:
            patiently(connection.execute, "COMMIT", path=self._path)

    def _patiently(self, action: Callable[..., T], *arguments: Any, limit: float | None) -> T:
        self._held_here = False
        return patiently(
            action,
            *arguments,
            path=self._path,
            timeout=self._patience.timeout,
            noticing=((NOTICE, self._check_own_transaction), (TELL, self._tell_of_own_process)),
            until=lambda: 0.0 if caller_left() else self._patience.until(limit),
        )

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

    def _failure(self, error: Exception) -> Exception:
        if isinstance(error, ERRORS):
            failure = explain(self._path, error)
            failure.__cause__ = error
            return failure
        if isinstance(error, StoreCorrupt | TypeError):  # a row, or a value in one, is none of ours
            note_damage(self._path)
            return damaged(self._path, str(error))
        return error

    def _roll_back(self) -> bool:
        """False where there is no transaction, or no more."""
        connection = self._connection.open
        if connection is None or not connection.in_transaction:
            return False
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error:
            # What cannot be rolled back now is rolled back by whoever opens the file next.
            self._connection.let_go()
        return True

    def _set_synchronous(self, connection: sqlite3.Connection, value: str) -> None:
        patiently(connection.execute, f"PRAGMA synchronous = {value}")
        self._synchronous = value


class _OwnTransaction(Exception):  # noqa: N818  # the caller gets a StoreBusy
    """The thread that has the turn would wait for itself; others may go on waiting."""


def _took_too_long(path: Path, held_here: bool, setting: str = "`emit_timeout`") -> str:
    whose, remedy = ("a transaction of this same process", _GIVE_CONNECTION) if held_here else _OTHERS
    return (
        f"{path} was locked by {whose} for longer than {setting} in section [storage] allows; nothing was stored; "
        f"{remedy}"
    )
