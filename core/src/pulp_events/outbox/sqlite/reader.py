"""One reading connection for all threads of the process: readers do not wait for a writer's fsync."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pulp_events.outbox.sqlite.connection import connect, explain, patiently


class Reader:
    """Runs queries; each sees what was committed when it began."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data_version: int | None = None
        self._open()

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; StoreError if it cannot be run."""
        if os.getpid() != self._pid:
            self._open()
        try:
            with self._lock:
                return patiently(lambda: self._connection.execute(query, parameters).fetchall())
        except sqlite3.Error as error:
            raise explain(self._path, error) from error

    def changed(self) -> bool:
        """True if any other connection committed since the last call (`PRAGMA data_version`); True the first time."""
        found = self.rows("PRAGMA data_version")[0][0]
        was, self._data_version = self._data_version, found
        return bool(found != was)

    def close(self) -> None:
        """Close the connection; a parent's connection that came over a fork is left alone."""
        if os.getpid() == self._pid:
            with self._lock:
                self._connection.close()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._data_version = None
        self._connection = connect(self._path)
        self._connection.execute("PRAGMA query_only = 1")
