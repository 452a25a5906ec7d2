"""Sees to it that what was erased is not left in the outbox's files either.

SQLite leaves copies of what is deleted or replaced in free pages, between the rows of others (where a page was split,
in places that `secure_delete` never reaches) and in its log. So the file is written as a whole by VACUUM: each page of
it is replaced, and the log then emptied.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

from pulp_events.errors import StoreBusy
from pulp_events.outbox.sqlite.connection import connect, explain, patiently

_PAUSE = 0.02
_NOT_COPIES = ("-wal", "-shm", ".lock", ".damaged")


def scrub(path: Path, timeout: float) -> None:
    """Write the file anew, and empty its log. Raises StoreError; StoreBusy after `timeout` seconds."""
    try:
        with contextlib.closing(connect(path)) as own:
            patiently(own.execute, "PRAGMA synchronous = FULL")
            patiently(own.execute, "VACUUM", path=path, timeout=timeout)
            if _emptied(own, timeout):
                return
    except sqlite3.Error as error:
        raise explain(path, error) from error
    raise StoreBusy(
        f"{path}-wal may still hold what was erased: another process was in the middle of reading for {timeout:g} s; "
        f"nothing is lost; end it (`fuser {path}` lists those that have the file open) and run the command again"
    )


def _emptied(own: sqlite3.Connection, timeout: float) -> bool:
    """Carry the log over into the file and cut it to nothing, which nobody may be reading for; False if somebody was
    all the time."""
    deadline = time.monotonic() + timeout
    while True:
        with contextlib.suppress(sqlite3.OperationalError):
            if own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)


def left(path: Path) -> list[str]:
    """Files beside the outbox that were set aside: copies of what it once was."""
    beside = sorted(path.parent.glob(f"*{path.name}*"))
    others = [each for each in beside if each != path and not str(each).endswith(_NOT_COPIES) and _has_content(each)]
    logs = [each for each in beside if str(each).endswith("-wal") and each.name != f"{path.name}-wal"]
    return [
        f"{each} is a copy of an earlier state and may hold what was erased; delete it when it is not needed any more"
        for each in sorted({*others, *(each for each in logs if _has_content(each))})
    ]


def _has_content(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False
