"""Why SQLite cannot write: it says `unable to open` or `disk I/O error`, and keeps the system's reason to itself."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path


def why_not(path: Path) -> OSError | None:
    """The error that this process gets now when it writes where the database is; None if it gets none.

    The database itself is not opened for that: to close any descriptor of a file drops all locks that this process has
    on it (https://www.sqlite.org/howtocorrupt.html §2.2).
    """
    check = path.with_name(f".{path.name}.check-{os.getpid()}")
    try:
        handle = os.open(check, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.pwrite(handle, b"\0" * 8192, max(_size(path), _size(Path(f"{path}-wal"))))
            os.fsync(handle)
        finally:
            os.close(handle)
            check.unlink()
    except OSError as error:
        return error
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            each = Path(f"{path}{suffix}")
            if each.is_dir():
                return OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(each))
            if each.exists() and not os.access(each, os.R_OK | os.W_OK):
                return PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(each))
    return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
