"""The folder in which metrics are kept between scrapes, beside the stores."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from pulp_events.system import data_dir

FOLDER = "metrics"
"""Below the data folder."""


def folder_of(data_folder: Path) -> Path:
    """Where metrics keep their files."""
    return data_folder / FOLDER


def prepare(folder: Path) -> None:
    """Make it, and the data folder; it belongs to whom that belongs to. Raises OSError, StoreError."""
    if not folder.is_dir():
        data_dir.prepare(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            data_dir.leave_to_owner(handle, folder.parent)
        finally:
            os.close(handle)


def replace_file(path: Path, text: str) -> None:
    """Put a file in its place whole, or not at all. Raises OSError, EventsError."""
    new = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        new.unlink(missing_ok=True)
        data_dir.create(new)
        with new.open("r+", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        raise
