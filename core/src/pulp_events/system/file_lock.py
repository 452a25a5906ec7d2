"""A lock on a file that all processes of ours respect."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pulp_events.errors import StoreBusy
from pulp_events.system import data_dir
from pulp_events.system.exclusive import Reentered

TIMEOUT = 30.0
"""Seconds that we wait for others to finish."""
_holders: set[tuple[str, int]] = set()
"""Lock and thread, of those that hold or wait for one in this process."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path` (a file of mode 0600, made if absent).

    Raises StoreBusy if another process keeps it for TIMEOUT seconds, StoreError if it cannot be made, or if this very
    thread holds it already.
    """
    holder = (str(path), threading.get_ident())
    if holder in _holders:
        raise Reentered("changing files of the data folder")
    _holders.add(holder)
    try:
        with _held(path):
            yield
    finally:
        _holders.discard(holder)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    import filelock  # costs as much as all of core's imports together, and readers do not need it

    data_dir.create(path)
    lock = filelock.FileLock(path, timeout=TIMEOUT, mode=0o600, poll_interval=0.01)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise StoreBusy(
            f"{path} was held by another process for {TIMEOUT:g} s; nothing was stored; retry later"
        ) from error
    except OSError as error:
        raise data_dir.unusable(path, error) from error
    try:
        yield
    finally:
        lock.release()
