"""Tells whether another process has a database file open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_ASK = """
import fcntl, struct, sys
form = "hhqqi"  # struct flock: type, whence, start, length, process
with open(sys.argv[1], "rb+") as file:
    asked = struct.pack(form, fcntl.F_WRLCK, 0, 128, 1, 0)
    kind, _, _, _, pid = struct.unpack(form, fcntl.fcntl(file, fcntl.F_GETLK, asked))
print(pid if kind != fcntl.F_UNLCK else "")
"""
"""Asked in a process of its own: to close any descriptor of a file drops all locks that a process has on it, also those
of its SQLite connections (https://www.sqlite.org/howtocorrupt.html §2.2)."""


def open_elsewhere(path: Path) -> str | None:
    """`process 1234` for one that has the database open; None if there is none, or it cannot be told.

    In WAL mode every connection holds a shared lock on byte 128 of the -shm file for as long as it is open
    (https://www.sqlite.org/walformat.html §2.3.1, WAL_DMS). Connections of this process itself do not count. It can be
    told on Linux only.
    """
    memory = path.with_name(path.name + "-shm")
    if sys.platform != "linux" or not memory.exists():
        return None
    done = subprocess.run([sys.executable, "-I", "-S", "-c", _ASK, memory], capture_output=True, text=True)
    pid = done.stdout.strip()
    if done.returncode != 0 or not pid or pid == str(os.getpid()):
        return None
    return f"process {pid}" if pid != "0" else "another process"
