"""Opening the database file, and saying in our words what SQLite says in its own."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pulp_events.errors import DiskFull, StoreBusy, StoreCorrupt, StoreError, StoreTooNew
from pulp_events.events.pattern import matches
from pulp_events.outbox.sqlite import aside, schema
from pulp_events.outbox.sqlite.columns import MATCHES
from pulp_events.outbox.sqlite.reasons import why_not
from pulp_events.system import data_dir
from pulp_events.system.remedies import is_full, remedy
from pulp_events.visible import one_line

T = TypeVar("T")

ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What the driver raises; the latter where its own message quotes a damaged file."""
_SIGNS_OF_DAMAGE = re.compile(
    r"decode|no such (column|table|index)|has no column|malformed|JSON|already exists|duplicate column|NOT NULL"
)
"""In what SQLite or its driver says: text that is no UTF-8, tables that are not as we made them, or a row that has NULL
where none can be, so that no other column of it can be changed."""
BUSY_TIMEOUT = 30.0
"""Seconds that we wait for other transactions while none of them ends, unless `[storage] timeout` says otherwise."""
MOST_TIMEOUTS = 20
"""How many times as long we wait where others go on committing."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread (by one at a time). Makes the file with mode 0600."""
    # SQLite would make the file with the umask's mode; its -wal and -shm files take the mode of this one, and its owner
    # where root makes them. Only a new file may be opened here: to close any descriptor of a file drops all locks that
    # this process has on it, also those of its SQLite connections (https://www.sqlite.org/howtocorrupt.html §2.2).
    if not path.exists():
        data_dir.create(path)
    connection = sqlite3.connect(
        path, timeout=0.0, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.create_function(MATCHES, 2, matches, deterministic=True)
    return connection


def patiently(
    action: Callable[..., T],
    *arguments: Any,
    path: Path | None = None,
    timeout: float | None = None,
    noticing: Sequence[tuple[float, Callable[[], None]]] = (),
    until: Callable[[], float | None] = lambda: None,
) -> T:
    """`action(*arguments)`, again while another connection holds the lock it needs.

    It is given up when that lasts `timeout` seconds, and the file `path` was not written meanwhile: as long as others
    get their turn, ours comes too, however many they are. At most it is waited MOST_TIMEOUTS times as long. `noticing`:
    numbers of seconds, rising, after each of which a function is called, which may raise. `until()`: monotonic time at
    which it is given up in any case, as it is then; None: there is none.

    SQLite's own busy handler sleeps up to 100 ms at a time; a transaction of ours takes less than one. A first
    statement may also find that another connection is recovering the log or switching the file to it, so each
    statement outside of a transaction is to be run in this way.
    """
    timeout = BUSY_TIMEOUT if timeout is None else timeout
    pause, began, deadline, left, written = 0.0001, 0.0, None, MOST_TIMEOUTS, None

    def notice(seconds: float) -> None:
        nonlocal noticing
        while noticing and noticing[0][0] < seconds:
            [(_, noticed), *noticing] = noticing
            noticed()

    while True:
        try:
            return action(*arguments)
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            now = time.monotonic()
            if (end := until()) is not None and now >= end:
                raise
            if deadline is None:
                began, deadline, written = now, now + timeout, _last_written(path)
            notice(min(now - began, timeout))  # also where this process stood still until after the deadline
            if now > deadline:
                was, written, left = written, _last_written(path), left - 1
                if written == was or not left:
                    raise
                deadline = now + timeout
            notice(now - began)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.01)


def prepare(connection: sqlite3.Connection, wait: Callable[..., object] = patiently) -> None:
    """Set what holds for the whole file; to be done before its first table is made. `wait`: `patiently`, or as it."""
    for setting in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL"):
        wait(connection.execute, f"PRAGMA {setting}")


def _last_written(path: Path | None) -> tuple[int, int] | None:
    """Differs when a transaction was committed, which goes to the log beside the file."""
    try:
        found = os.stat(f"{path}-wal") if path is not None else None  # noqa: PTH116
    except OSError:
        found = None
    return None if found is None else (found.st_mtime_ns, found.st_size)


def _is_busy(error: Exception) -> bool:
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    # PROTOCOL: so many connections are beginning to read the log at once that this one did not get in.
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)


def is_about_access(error: Exception) -> bool:
    """Whether others, or the operating system, keep us from the file: nothing is known of what is in it."""
    return _is_busy(error) or (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in _OF_THE_SYSTEM


def explain(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
    """A StoreError that says what happened to which file, and what to do; damage is noted beside the file."""
    failure = explain_only(path, error)
    if isinstance(failure, StoreCorrupt):
        note_damage(path)
    return failure


def note_damage(path: Path) -> None:
    """Leave a mark for the next one to open the file: it is to be looked at as a whole."""
    with contextlib.suppress(OSError):
        damage_marker(path).touch(0o600)


def explain_only(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> StoreError:
    """The same, and nothing is left behind."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if _is_busy(error):
        return StoreBusy(
            f"{path} was locked by another process, or another transaction of this one, for longer than `timeout` in "
            "section [storage] allows; nothing was stored; retry later"
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _SIGNS_OF_DAMAGE.search(str(error)):
        try:
            schema.check_known(path)  # a newer release may have changed the tables while this one was at work
        except StoreTooNew as newer:
            return newer
        return damaged(path, one_line(str(error)))
    if code in _OF_THE_SYSTEM and (reason := why_not(path)) is not None:
        place = reason.filename if reason.filename and ".check-" not in str(reason.filename) else path
        kind = DiskFull if is_full(reason) else StoreError
        return kind(f"{place}: {reason.strerror or reason}; nothing was stored; {remedy(reason)}")
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"{path}: the disk is full; nothing was stored; free some space and retry")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StoreError(f"{path} cannot be written ({error}); give this process's user the right to write there")
    return StoreError(f"{path}: {error}; nothing was stored")


_OF_THE_SYSTEM = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
)
"""Codes of SQLite that stand for an error of the operating system."""


def damaged(path: Path, why: str) -> StoreCorrupt:
    """A StoreCorrupt with the remedy."""
    return StoreCorrupt(
        f"{path} is damaged or not a database ({why}); it was left unchanged. A separate outbox file is set aside by "
        "the next start, or by `pulp-admin event recover`, which then recovers what is readable; restore an "
        "application's database from a backup"
    )


def damage_marker(path: Path) -> Path:
    """A file beside the database that tells the next one to open it that somebody found it damaged."""
    return path.with_name(path.name + ".damaged")


def set_aside(path: Path) -> Path:
    """Rename a damaged database and its -wal and -shm files; returns the new name. Nothing is deleted."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    target = aside.name(path, stamp)
    for suffix in ("-wal", "-shm", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(target.with_name(target.name + suffix))
    damage_marker(path).unlink(missing_ok=True)
    return target
