"""One reading connection for all threads of the process: readers do not wait for a writer's fsync."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pulp_events import forks
from pulp_events.errors import StoreError
from pulp_events.outbox.sqlite.connection import connect, explain, identity, patiently
from pulp_events.outbox.sqlite.set_up import set_up

TICKS = 50_000_000
"""Nanoseconds after which a file's time is sure to differ if the file was written again."""


class Reader:
    """Runs queries; each sees what was committed when it began."""

    def __init__(self, path: Path, set_damaged_aside: bool = True) -> None:
        self._path = path
        self._set_damaged_aside = set_damaged_aside
        self._name = str(path)
        self._lock = threading.Lock()
        self._data_version: int | None = None
        self._log_name = f"{path}-wal"
        self._log: tuple[int, int, int] | None = None
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._closed = False
        forks.take_part(self)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; StoreError if it cannot be run."""
        try:
            with self._lock:
                connection = self._connected()
                return patiently(lambda: connection.execute(query, parameters).fetchall())
        except sqlite3.Error as error:
            raise explain(self._path, error) from error

    def changed(self) -> bool:
        """True if any other connection committed since the last call (`PRAGMA data_version`); True the first time.

        A commit writes to the log beside the database: while that looks as before, SQLite need not be asked, which
        costs twenty times as much. File times advance in ticks, so a log that was written just now may be about to
        look as it did.
        """
        log = self._look_at_log()
        if log is not None and log == self._log and time.time_ns() - log[1] > TICKS:
            return False
        self._log = log
        found = self.rows("PRAGMA data_version")[0][0]
        was, self._data_version = self._data_version, found
        return bool(found != was)

    def _look_at_log(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._log_name)  # noqa: PTH116  # asked dozens of times a second
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def close(self) -> None:
        """Close the connection. Nothing can be asked afterwards."""
        with self._lock:
            self._closed = True
            self._let_go()

    def before_fork(self) -> None:
        """Wait for the query under way; see `forks`."""
        self._lock.acquire()
        self._let_go()

    def after_fork(self, in_child: bool) -> None:
        """Go on, with a new connection."""
        self._lock.release()

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._data_version = None

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(f"{self._path} was closed by this process")
        if self._connection is not None and identity(self._name) != self._file:
            self._let_go()  # the file was set aside, moved or deleted: what is stored in it now would be lost
        if self._connection is None:
            set_up(self._path, self._set_damaged_aside)
            self._connection = connect(self._path)
            self._file = identity(self._name)
            connection = self._connection
            patiently(lambda: connection.execute("PRAGMA query_only = 1"))
        return self._connection
