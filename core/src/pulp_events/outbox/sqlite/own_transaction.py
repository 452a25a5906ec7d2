"""Tells whether the transaction that keeps the outbox locked is one of this very thread, which would wait for itself.

Or at least of this process.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from pulp_events.borrowed.of_thread import kept_for_this_thread

NOTICE = 0.2
"""Seconds of waiting after which it is worth asking; a transaction of ours takes a millisecond."""
_WRITING = 120
"""Byte of the -shm file that whoever writes holds locked (https://www.sqlite.org/walformat.html §2.3.1)."""
_LOCKS = (0x40000000, 512)
"""First of the bytes of the database, and their number, that readers and writers lock where it has no -shm file
(PENDING_BYTE in https://www.sqlite.org/lockingv3.html and SQLite's os.h)."""
_ASK = """
import fcntl, struct, sys
form = "hhqqi"  # struct flock: type, whence, start, length, process
with open(sys.argv[1], "rb+") as file:
    asked = struct.pack(form, fcntl.F_WRLCK, 0, int(sys.argv[2]), int(sys.argv[3]), 0)
    kind, _, _, _, pid = struct.unpack(form, fcntl.fcntl(file, fcntl.F_GETLK, asked))
print(pid if kind != fcntl.F_UNLCK else "")
"""


def lock_holder(path: Path, byte: int) -> str:
    """Number of the process that holds a byte of the -shm file locked; empty if none does, or it cannot be told."""
    return _holder(path.with_name(path.name + "-shm"), byte, 1)


def _holder(file: Path, first: int, length: int) -> str:
    """The same for any of the bytes of a file.

    Asked in a process of its own: to close any descriptor of a file drops all locks that a process has on it, also
    those of its SQLite connections (https://www.sqlite.org/howtocorrupt.html §2.2). It can be told on Linux only.
    """
    if sys.platform != "linux" or not file.exists():
        return ""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _ASK, file, str(first), str(length)], capture_output=True, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else ""


class Candidates:
    """Whether any connection of this process is in a transaction at all, asked once for all threads that wait: to look
    through all objects of a large application takes tens of milliseconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = -NOTICE
        self._answer = True

    def exist(self) -> bool:
        """As it was at most NOTICE seconds ago. What began to wait before, had its transaction by then."""
        # A finalizer may ask in the middle of it; it is not to wait for its own thread.
        if not self._lock.acquire(timeout=NOTICE):
            return True
        try:
            if time.monotonic() - self._asked >= NOTICE:
                found = [each for each in gc.get_objects() if isinstance(each, sqlite3.Connection)]
                self._answer, self._asked = any(_is_in_transaction(each) for each in found), time.monotonic()
            return self._answer
        finally:
            self._lock.release()


def _is_in_transaction(connection: sqlite3.Connection) -> bool:
    try:
        return connection.in_transaction
    except sqlite3.Error:  # closed
        return False


def is_held_by_this_thread(path: Path) -> bool:
    """True if a connection that this thread made is in a transaction on the database, and this process locks it.

    The lock is that of a writer; of a reader too in a database that is not in WAL mode, where it keeps out a writer.

    A connection that several threads may use (`check_same_thread=False`) is nobody's, and does not count, but for one
    that its library keeps for this thread, as Django does.
    """
    if not is_held_by_this_process(path):
        return False
    if any(_is_open_on(each, path) and _writes(each, path) for each in kept_for_this_thread()):
        return True
    return any(_is_mine(each, path) for each in gc.get_objects() if isinstance(each, sqlite3.Connection))


def is_held_by_this_process(path: Path) -> bool:
    """True if it is this process that locks the database; False also where it cannot be told."""
    holder = lock_holder(path, _WRITING) if _is_in_wal_mode(path) else _holder(path, *_LOCKS)
    return holder == str(os.getpid())


def _is_in_wal_mode(path: Path) -> bool:
    return path.with_name(path.name + "-shm").exists()


def _is_mine(connection: sqlite3.Connection, path: Path) -> bool:
    return _is_open_on(connection, path) and not _is_shared(connection)


def _is_open_on(connection: sqlite3.Connection, path: Path) -> bool:
    """True if it is in a transaction, and the database one of its files."""
    try:
        if not connection.in_transaction:
            return False
        cursor = connection.cursor()
        cursor.row_factory = None
        return any(
            row[2] and Path(os.fsdecode(row[2])).samefile(path) for row in cursor.execute("PRAGMA database_list")
        )
    except (sqlite3.Error, OSError, ValueError):  # of another thread, or closed
        return False


def _writes(connection: sqlite3.Connection, path: Path) -> bool:
    """True if the transaction that it is in keeps a writer out: it has written or, without a WAL, maybe read.

    Each request of a web server may have a transaction, while that of another thread writes. A backup tells them apart,
    and changes nothing: it is refused with SQLITE_BUSY while its source writes (sqlite3_backup_step).
    """
    if not _is_in_wal_mode(path):
        return True
    told: list[int] = []

    def note(status: int, *_: int) -> None:
        told.append(status)
        raise InterruptedError

    with closing(sqlite3.connect(":memory:")) as nowhere, suppress(InterruptedError):
        connection.backup(nowhere, pages=1, progress=note, sleep=0)
    return told[:1] == [sqlite3.SQLITE_BUSY]


def _is_shared(connection: sqlite3.Connection) -> bool:
    """True if another thread may use the connection too."""
    found: list[bool] = []

    def ask() -> None:
        try:
            connection.cursor()
        except sqlite3.Error:
            found.append(False)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join()
    return not found
