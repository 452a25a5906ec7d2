"""Tells whether another process has a database file open."""

from __future__ import annotations

import os
from pathlib import Path

from pulp_events.outbox.sqlite.own_transaction import lock_holder

_IN_USE = 128
"""Byte of the -shm file on which every connection holds a shared lock."""


def open_elsewhere(path: Path) -> str | None:
    """`process 1234` for one that has the database open; None if there is none, or it cannot be told.

    In WAL mode every connection holds a shared lock on byte 128 of the -shm file for as long as it is open
    (https://www.sqlite.org/walformat.html §2.3.1, WAL_DMS). Connections of this process itself do not count. It can be
    told on Linux only.
    """
    pid = lock_holder(path, _IN_USE)
    if not pid or pid == str(os.getpid()):
        return None
    return f"process {pid}" if pid != "0" else "another process"
