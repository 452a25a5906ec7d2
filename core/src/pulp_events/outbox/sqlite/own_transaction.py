"""Tells whether the transaction that keeps the outbox locked is one of this very thread, which would wait for itself.

Or at least of this process.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

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


def is_held_by_this_thread(path: Path) -> bool:
    """True if a connection that this thread made is in a transaction on the database, and this process locks it.

    The lock is that of a writer; of a reader too in a database that is not in WAL mode, where it keeps out a writer.

    A connection that several threads may use (`check_same_thread=False`) is nobody's, and does not count.
    """
    if not is_held_by_this_process(path):
        return False
    return any(_is_mine(each, path) for each in gc.get_objects() if isinstance(each, sqlite3.Connection))


def is_held_by_this_process(path: Path) -> bool:
    """True if it is this process that locks the database; False also where it cannot be told."""
    in_wal_mode = path.with_name(path.name + "-shm").exists()
    holder = lock_holder(path, _WRITING) if in_wal_mode else _holder(path, *_LOCKS)
    return holder == str(os.getpid())


def _is_mine(connection: sqlite3.Connection, path: Path) -> bool:
    try:
        if not connection.in_transaction or _is_shared(connection):
            return False
        cursor = connection.cursor()
        cursor.row_factory = None
        return any(
            row[2] and Path(os.fsdecode(row[2])).samefile(path) for row in cursor.execute("PRAGMA database_list")
        )
    except (sqlite3.Error, OSError, ValueError):  # of another thread, or closed
        return False


def _is_shared(connection: sqlite3.Connection) -> bool:
    """True if another thread may use the connection too."""
    import threading

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
