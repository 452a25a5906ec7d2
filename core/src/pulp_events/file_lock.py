"""A lock on a file that all processes of ours respect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pulp_events import data_dir
from pulp_events.errors import StoreBusy

TIMEOUT = 30.0
"""Seconds that we wait for others to finish."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path` (a file of mode 0600, made if absent).

    Raises StoreBusy if another process keeps it for TIMEOUT seconds, StoreError if it cannot be made.
    """
    import filelock  # costs as much as all of core's imports together, and readers do not need it

    lock = filelock.FileLock(path, timeout=TIMEOUT, mode=0o600, poll_interval=0.01)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise StoreBusy(
            f"{path} was held by another process for {TIMEOUT:g} s; nothing was stored, retry later"
        ) from error
    except OSError as error:
        raise data_dir.unusable(path, error) from error
    try:
        yield
    finally:
        lock.release()
