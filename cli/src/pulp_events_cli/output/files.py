"""Files that a command writes: whole or not at all, where what stands there is a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pulp_events_cli.output import own_stdout

_MADE_BY_THE_SYSTEM = (Path("/dev"), Path("/proc"))


def write(path: Path, text: str) -> bool:
    """Write `text` for its owner alone. A regular file is replaced as a whole, also the one that a link leads to.

    Everything else, such as /dev/stdout, a pipe or a device, stays what it is and is written to. Returns
    whether it is a file of that name now. Raises OSError.
    """
    if _is_to_be_replaced(path):
        _replace(path.resolve() if path.is_symlink() else path, text)
        return True
    with own_stdout.in_place(), path.open("w", encoding="utf-8") as file:
        file.write(text)
    return False


def _is_to_be_replaced(path: Path) -> bool:
    try:
        if _is_made_by_the_system(path.absolute()):
            return False
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


def _is_made_by_the_system(path: Path) -> bool:
    # /dev/stdout is a link to a link to whatever standard output is: also where that is a file, whoever opened it
    # expects the text in it. But below /dev/shm, which is mounted there, lie files like any other.
    if not any(folder in path.parents for folder in _MADE_BY_THE_SYSTEM):
        return False
    device = path.parent.stat().st_dev
    return any(folder.exists() and folder.stat().st_dev == device for folder in _MADE_BY_THE_SYSTEM)


def _replace(path: Path, text: str) -> None:
    # Made beside its place: a file that is there keeps nothing of its old mode, and is never half written.
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
