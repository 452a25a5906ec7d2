"""A connection that is kept open, and opened again where the file under its name is another one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from pulp_events.errors import StoreError
from pulp_events.outbox.sqlite.connection import connect
from pulp_events.outbox.sqlite.set_up import set_up

_given_up: list[sqlite3.Connection] = []
"""Connections of a parent process that must never be closed here."""
_unusable: set[str] = set()
"""Files that cannot be opened in this process any more."""


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
        """The connection. Raises StoreError once it was closed, or after a bad fork, and what set-up raises."""
        if self._closed:
            raise StoreError(f"{self._path} was closed by this process")
        if self.open is not None and _identity(self._name) != self._file:
            self.let_go()  # the file was set aside, moved or deleted: what is stored in it now would be lost
        if self.open is None:
            self._refuse_after_fork()
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

    def found_damaged(self) -> None:
        """The next `get` looks at the whole file and sets it aside, unless it is one that stays where it is."""
        if self._set_damaged_aside:
            self.let_go()

    def close(self) -> None:
        """Close it for good."""
        self._closed = True
        self.let_go()

    def after_foreign_fork(self, idle: bool) -> None:
        """In the child of a fork before which the connection was not closed. `idle`: nobody was using it then.

        SQLite keeps for each process a table of the locks that it holds, and the child has inherited a copy that is not
        true. What was idle is closed, which clears the table and touches none of the parent's locks; the next `get`
        opens a connection whose locks are real.
        """
        if idle:
            self.let_go()
        else:
            self.give_up()

    def give_up(self) -> None:
        """In a child: the parent was in the middle of using the connection, so that it can be neither used nor closed.

        Another connection to the file would believe in the locks of this one, so there can be none in this process.
        """
        if self.open is not None:
            _given_up.append(self.open)
            _unusable.add(self._name)
        self.open = None

    def _refuse_after_fork(self) -> None:
        if self._name in _unusable:
            raise StoreError(
                f"{self._path} cannot be used in this process: it was forked while its parent was storing, by a signal "
                "handler or in a way unknown to the interpreter; fork with os.fork, or before the event "
                "bus is opened (uWSGI: lazy-apps = true); nothing was stored"
            )


def _identity(name: str) -> tuple[int, int] | None:
    """Which file stands under this name now; None if there is none."""
    try:
        found = os.stat(name)  # noqa: PTH116  # asked at each commit, and a third of the time of Path.stat
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
