"""Metrics in a file, for the textfile collector of node_exporter."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from pulp_events.errors import EventsError

SUFFIX = ".prom"
"""Other names are not read by node_exporter, which is what keeps it from reading half a file."""


def check(path: Path) -> None:
    """Raises EventsError for a name that node_exporter would not read."""
    if path.suffix != SUFFIX:
        raise EventsError(f"{path}: node_exporter reads only files that end with {SUFFIX}; name it {path.stem}{SUFFIX}")


def write(path: Path, text: bytes) -> None:
    """Replace the file, in one step; anybody may read it. Raises OSError."""
    try:
        handle, new = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # the one that somebody named, not the one that takes its place
        raise
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
        os.replace(new, path)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            os.unlink(new)  # noqa: PTH108
        raise
