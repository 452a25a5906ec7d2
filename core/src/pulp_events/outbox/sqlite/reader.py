"""One reading connection for all threads of the process: readers do not wait for a writer's fsync."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pulp_events.errors import StoreCorrupt
from pulp_events.outbox.sqlite.connection import ERRORS, damaged, explain, note_damage, patiently
from pulp_events.outbox.sqlite.kept_connection import KeptConnection
from pulp_events.outbox.sqlite.patience import Patience
from pulp_events.system import forks
from pulp_events.system.clock import Clock, SystemClock
from pulp_events.system.exclusive import Exclusive
from pulp_events.system.file_version import Settling

ASK = 0.5
"""Seconds after which SQLite is asked though its log is as before: where the disk is slow, a commit can be seen long
after it was written."""


class Reader:
    """Runs queries; each sees what was committed when it began."""

    def __init__(
        self,
        path: Path,
        set_damaged_aside: bool = True,
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._path = path
        self._patience = patience or Patience()
        self._exclusive = Exclusive(f"reading {path}")
        self._log_name = f"{path}-wal"
        self._clock = clock or SystemClock()
        self._log = Settling(self._clock)
        self._asked = 0.0
        self._connection = KeptConnection(path, set_damaged_aside, self._prepare)
        forks.take_part(self)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; StoreError if it cannot be run."""
        forks.notice()
        try:
            return self._exclusive.run(self._ask, query, parameters)
        except ERRORS as error:
            failure = explain(self._path, error)
            if isinstance(failure, StoreCorrupt):
                self._exclusive.run(self._connection.found_damaged)
            raise failure from error

    def damaged(self, error: StoreCorrupt) -> StoreCorrupt:
        """What to raise for rows that are none of ours."""
        note_damage(self._path)
        self._exclusive.run(self._connection.found_damaged)
        return damaged(self._path, str(error))

    def _ask(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        patience = self._patience
        return patiently(
            _fetch, self._connection.get(), query, parameters, path=self._path, timeout=patience.timeout,
            until=patience.until,
        )  # fmt: skip

    def log_changed(self) -> bool:
        """True unless nobody seems to have committed since the last call, and now and then all the same.

        A commit writes to the log beside the database: while that is as before, SQLite need not be asked, which costs
        twenty times as much.
        """
        now = self._clock.monotonic()
        if self._log_is_as_before() and now - self._asked < ASK:
            return False
        self._asked = now
        self._log.looked()  # by the caller, who asks SQLite now
        return True

    def _log_is_as_before(self) -> bool:
        try:
            found = os.stat(self._log_name)  # noqa: PTH116  # asked dozens of times a second
        except OSError:
            self._log.forget()
            return False
        return self._log.unchanged(found)

    def close(self) -> None:
        """Close the connection. Nothing can be asked afterwards."""
        self._exclusive.run(self._connection.close)

    def before_fork(self) -> None:
        """Wait for the query under way; see `forks`."""
        if self._exclusive.hold():
            self._connection.let_go()

    def after_fork(self, in_child: bool) -> None:
        """Go on, with a new connection."""
        if in_child and not self._exclusive.is_free:
            self._connection.give_up()  # a signal handler forked in the middle of a query
        self._exclusive.let_go()

    def after_foreign_fork(self) -> None:
        """In the child of a fork that nobody announced."""
        self._connection.after_foreign_fork(idle=self._exclusive.is_free)
        self._exclusive = Exclusive(f"reading {self._path}")

    def _prepare(self, connection: sqlite3.Connection) -> None:
        patiently(connection.execute, "PRAGMA query_only = 1")


def _fetch(connection: sqlite3.Connection, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    return connection.execute(query, parameters).fetchall()
