"""A TinyDB storage that never leaves a half-written file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from pulp_events import data_dir
from pulp_events.errors import StoreCorrupt, StoreTooNew
from pulp_events.file_state import FileState

FORMAT = "pulp-events listeners"
VERSION = 1
_SUFFIX = ".tmp"
_REMEDY = "it was left as it is; restore it from a backup, or move it away to begin without listeners"


class AtomicJSONStorage(Storage):
    """Reads the whole file; writes a temporary one, syncs it, and renames it over the old one.

    The file says what it is (`FORMAT`), so that a foreign one is never overwritten. The caller holds the lock while it
    writes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = FileState(path, _version)

    def read(self) -> dict[str, dict[str, Any]] | None:
        """Tables as TinyDB keeps them; None if there is no file. StoreCorrupt if the file is torn or not ours."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise data_dir.unusable(self._path, error) from error
        try:
            content = json.loads(text)
            form = content.pop("format")["1"]
            if form["name"] != FORMAT or not isinstance(form["version"], int):
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            what = "is empty" if not text.strip() else "is torn, or is no file of listeners"
            raise StoreCorrupt(f"{self._path} {what}; {_REMEDY}") from error
        if form["version"] > VERSION:
            raise StoreTooNew(
                f"{self._path} was written by a newer release (format {form['version']}, known: {VERSION}); "
                "upgrade pulp-events here too"
            )
        return content  # type: ignore[no-any-return]

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace the file: after a crash at any moment it holds the old content or the new, whole."""
        import tempfile  # with all that it imports in its turn; readers do not need it

        content = {"format": {"1": {"name": FORMAT, "version": VERSION}}, **data}
        text = json.dumps(content, ensure_ascii=False, indent=1).encode()
        try:
            self._remove_leftovers()
            # mkstemp makes the file with mode 0600, as it holds configurations
            handle, temporary = tempfile.mkstemp(_SUFFIX, f".{self._path.name}.", self._path.parent)
        except OSError as error:
            raise data_dir.unusable(self._path.parent, error) from error
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
                file.flush()
                # File times advance in ticks of some milliseconds: set it, so that no two versions look the same.
                now = time.time_ns()
                os.utime(file.fileno(), ns=(now, now))
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
            self._state.forget()
            data_dir.sync(self._path.parent)
        except OSError as error:
            Path(temporary).unlink(missing_ok=True)
            raise data_dir.unusable(self._path, error) from error

    def _remove_leftovers(self) -> None:
        """Delete what a writer that was killed has left, as it holds configurations. The lock keeps others away."""
        for leftover in self._path.parent.glob(f".{self._path.name}.*{_SUFFIX}"):
            leftover.unlink(missing_ok=True)

    def version(self) -> Hashable | None:
        """Differs after every write; None if there is no file."""
        try:
            return self._state.now()
        except OSError as error:
            raise data_dir.unusable(self._path, error) from error


def _version(found: os.stat_result) -> Hashable:
    return (found.st_ino, found.st_mtime_ns, found.st_size)
