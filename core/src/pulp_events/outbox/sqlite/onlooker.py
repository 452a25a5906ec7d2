"""Asks an outbox's file and changes nothing in it: for diagnosis, backups and recovery."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pulp_events.errors import StoreCorrupt
from pulp_events.outbox.sqlite.connection import ERRORS, damaged, explain_only, is_about_access, patiently
from pulp_events.outbox.sqlite.uri import read_only
from pulp_events.visible import one_line


class Onlooker:
    """A reading connection that makes no file, migrates nothing, and sets nothing aside.

    Where a log lies beside the database, its shared memory (`-shm`), which SQLite makes from the log, is used too.
    """

    def __init__(self, path: Path, *, without_log: bool = False) -> None:
        """`without_log`: the database file alone, as it would be without what lies beside it.

        Raises StoreError where it cannot be opened.
        """
        self.path = path
        try:
            self._connection = sqlite3.connect(
                read_only(path, immutable=without_log or not has_log(path)),
                uri=True, timeout=0.0, isolation_level=None, check_same_thread=False,
            )  # fmt: skip
        except ERRORS as error:
            raise explain_only(path, error) from error

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; StoreError if it cannot be run."""
        try:
            return patiently(lambda: self._connection.execute(query, parameters).fetchall())
        except ERRORS as error:
            raise explain_only(self.path, error) from error

    def version(self) -> int:
        """Version of the outbox's tables; 0 where there are none. Raises StoreError."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'pulp_outbox_meta'"):
            return 0
        found = self.rows("SELECT value FROM pulp_outbox_meta WHERE key = 'version'")
        return int(found[0][0]) if found and str(found[0][0]).isdigit() else 0

    def damaged(self, error: StoreCorrupt) -> StoreCorrupt:
        """What to raise for rows that are none of ours."""
        return damaged(self.path, str(error))

    def ask(self, query: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """The rows one by one; raises ERRORS, as recovery wants it."""
        return self._connection.execute(query, parameters)

    def copy_to(self, target: sqlite3.Connection, path: Path) -> None:
        """The whole database, as it was at one moment, to the one at `path`. Writers go on. Raises StoreError."""
        try:
            self._connection.backup(target)
        except ERRORS as error:
            full = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_FULL
            raise explain_only(path if full else self.path, error) from error

    def damage(self, seconds: float, thorough: bool = False) -> str | None:
        """What is wrong with the file, empty if nothing; None if looking at all of it takes longer than `seconds`.

        Raises StoreError where it cannot be looked at."""
        end = time.monotonic() + seconds
        self._connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        try:
            check = "integrity_check" if thorough else "quick_check"
            found = self._connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                return None
            return self.wrong(error)
        except ERRORS as error:
            return self.wrong(error)
        finally:
            self._connection.set_progress_handler(None, 0)
        return "" if found == "ok" else str(found).replace("\n", " ")

    def wrong(self, error: sqlite3.Error | UnicodeDecodeError) -> str:
        """What this error says of the file's content; raises StoreError where it is about something else, such as a
        lock or the disk."""
        if is_about_access(error):
            raise explain_only(self.path, error) from error
        return one_line(str(error))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Onlooker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def has_log(path: Path) -> bool:
    """True if something stands in the log beside the database, or a process has it open."""
    for suffix in ("-wal", "-shm"):
        try:
            if path.with_name(path.name + suffix).stat().st_size:
                return True
        except OSError:
            continue
    return False
