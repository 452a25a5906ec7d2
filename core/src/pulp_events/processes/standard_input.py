"""What a process that is started finds on its standard input."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def standard_input(given: bytes | None) -> Iterator[int]:
    """What `Popen(stdin=…)` takes. `given`: what is to be read there, of any size; None: nothing.

    It is a file without a name, in memory where the system has such files: a pipe would make the parent wait for a
    child that does not read. Raises OSError.
    """
    if given is None:
        yield subprocess.DEVNULL
        return
    file = os.memfd_create("pulp-events-settings") if hasattr(os, "memfd_create") else _without_name()
    try:
        with os.fdopen(os.dup(file), "wb") as writing:
            writing.write(given)
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)


def _without_name() -> int:
    with tempfile.TemporaryFile() as made:
        return os.dup(made.fileno())
