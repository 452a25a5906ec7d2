"""The data folder: made for its owner alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from pulp_events.errors import StoreError
from pulp_events.remedies import remedy

_OF_THE_PROCESS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
"""What another folder would suffer from too."""


def prepare(folder: Path) -> Path:
    """Make the folder (mode 0700) if it is absent; StoreError with a remedy if that cannot be done."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(folder, error) from error
    return folder


def unusable(path: Path, error: OSError) -> StoreError:
    """A StoreError that says which path cannot be used, why, and what to do."""
    elsewhere = ", or name another folder as data_dir in section [events] of server.conf"
    return StoreError(
        f"{path}: {error.strerror or error}; {remedy(error)}{elsewhere if error.errno not in _OF_THE_PROCESS else ''}"
    )


def sync(folder: Path) -> None:
    """Let what was made, renamed or deleted in the folder be on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
