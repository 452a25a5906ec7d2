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
from pulp_events.outbox.sqlite.connection import explain, patiently
from pulp_events.outbox.sqlite.kept_connection import KeptConnection

TICKS = 50_000_000
"""Nanoseconds after which a file's time is sure to differ if the file was written again."""


class Reader:
    """Runs queries; each sees what was committed when it began."""

    def __init__(self, path: Path, set_damaged_aside: bool = True) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._log_name = f"{path}-wal"
        self._log: tuple[int, int, int] | None = None
        self._connection = KeptConnection(path, set_damaged_aside, self._prepare)
        forks.take_part(self)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; StoreError if it cannot be run."""
        try:
            with self._lock:
                connection = self._connection.get()
                return patiently(_fetch, connection, query, parameters)
        except sqlite3.Error as error:
            raise explain(self._path, error) from error

    def log_changed(self) -> bool:
        """True unless nobody can have committed since the last call.

        A commit writes to the log beside the database: while that looks as before, SQLite need not be asked, which
        costs twenty times as much. File times advance in ticks, so a log that was written just now may be about to
        look as it did.
        """
        log = self._look_at_log()
        if log is not None and log == self._log and time.time_ns() - log[1] > TICKS:
            return False
        self._log = log
        return True

    def _look_at_log(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._log_name)  # noqa: PTH116  # asked dozens of times a second
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def close(self) -> None:
        """Close the connection. Nothing can be asked afterwards."""
        with self._lock:
            self._connection.close()

    def before_fork(self) -> None:
        """Wait for the query under way; see `forks`."""
        self._lock.acquire()
        self._connection.let_go()

    def after_fork(self, in_child: bool) -> None:
        """Go on, with a new connection."""
        self._lock.release()

    def _prepare(self, connection: sqlite3.Connection) -> None:
        patiently(connection.execute, "PRAGMA query_only = 1")
        self._data_version = None


def _fetch(connection: sqlite3.Connection, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(query, parameters).fetchall()
