"""A connection that is kept open, and opened anew where the file under its name is another one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from pulp_events.errors import StoreError
from pulp_events.outbox.sqlite.connection import connect
from pulp_events.outbox.sqlite.set_up import set_up


class KeptConnection:
    """One connection to the outbox's file; the caller sees to it that one thread at a time uses it.

    `prepare(connection)` is called with each connection that is opened.
    """

    def __init__(self, path: Path, set_damaged_aside: bool, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._set_damaged_aside = set_damaged_aside
        self._prepare = prepare
        self._name = str(path)
        self._file: tuple[int, int] | None = None
        self._closed = False
        self.open: sqlite3.Connection | None = None
        """The connection, if there is one now."""

    def get(self) -> sqlite3.Connection:
        """The connection. Raises StoreError once it was closed, and what set-up raises."""
        if self._closed:
            raise StoreError(f"{self._path} was closed by this process")
        if self.open is not None and _identity(self._name) != self._file:
            self.let_go()  # the file was set aside, moved or deleted: what is stored in it now would be lost
        if self.open is None:
            set_up(self._path, self._set_damaged_aside)
            self.open = connect(self._path)
            self._prepare(self.open)
            self._file = _identity(self._name)
        return self.open

    def let_go(self) -> None:
        """Close the connection; the next `get` opens another."""
        if self.open is not None:
            self.open.close()
        self.open = None

    def close(self) -> None:
        """Close it for good."""
        self._closed = True
        self.let_go()


def _identity(name: str) -> tuple[int, int] | None:
    """Which file stands under this name now; None if there is none."""
    try:
        found = os.stat(name)  # noqa: PTH116  # asked at each commit, and a third of the time of Path.stat
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
