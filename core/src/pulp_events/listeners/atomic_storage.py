"""A TinyDB storage that never leaves a half-written file."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from pulp_events.errors import TOO_NEW, StoreCorrupt, StoreTooNew
from pulp_events.system import data_dir

VERSION = 1
_HEAD = re.compile(
    rb'{\s*"format":\s*{\s*"1":\s*{\s*"name":\s*"([\w -]+)",\s*"version":\s*%d,\s*"changes":\s*(\d{1,18})\s*}' % VERSION
)
"""How a file begins that was written by `write`."""
_HEAD_BYTES = 512
_SUFFIX = ".tmp"
_REMEDY = "it was left unchanged; restore it from a backup, or move it away to start without"


class AtomicJSONStorage(Storage):
    """Reads the whole file; writes a temporary one, syncs it, and renames it over the old one.

    The file says what it is (`pulp-events listeners`), so that a foreign one is never overwritten, and how often it was
    written, so that its first bytes tell whether it changed. The caller holds the lock while it reads and writes.

    `holds`: what the file is for, in a word. A plugin that keeps a file of its own names what is in it.
    """

    def __init__(self, path: Path, holds: str = "listeners") -> None:
        self._path = path
        self._holds = holds
        self._format = f"pulp-events {holds}"
        self.changes = 0
        """How often the file was written, as `read` found it; 0 while there is none, or it does not say."""

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
            if form["name"] != self._format or not isinstance(form["version"], int):
                raise ValueError
            changes = form.get("changes")
            if not all(isinstance(table, dict) for table in content.values()):
                raise ValueError
            self.changes = changes if isinstance(changes, int) else 0  # who writes it by hand need not count
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            what = "is empty" if not text.strip() else f"is truncated, or is not a {self._holds} file"
            raise StoreCorrupt(f"{self._path} {what}; {_REMEDY} {self._holds}") from error
        if form["version"] > VERSION:
            raise StoreTooNew(
                f"{self._path} was written by a newer release (format {form['version']}, supported: "
                f"{VERSION}); {TOO_NEW}"
            )
        return content  # type: ignore[no-any-return]

    def count_changes(self) -> int:
        """How often the file was written, told by its first bytes where they can tell it. Raises as `read` does."""
        try:
            with self._path.open("rb") as file:
                head = _HEAD.match(file.read(_HEAD_BYTES))
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise data_dir.unusable(self._path, error) from error
        if head is not None and head[1].decode() == self._format:
            return int(head[2])
        self.read()
        return self.changes

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Replace the file: after a crash at any moment it holds the old content or the new, whole."""
        import tempfile  # with all that it imports in its turn; readers do not need it

        form = {"name": self._format, "version": VERSION, "changes": self.changes + 1}
        content = {"format": {"1": form}, **data}
        text = _encoded(content)
        try:
            self._remove_leftovers()
            # mkstemp makes the file with mode 0600, as it holds configurations
            handle, temporary = tempfile.mkstemp(_SUFFIX, f".{self._path.name}.", self._path.parent)
        except OSError as error:
            raise data_dir.unusable(self._path.parent, error) from error
        try:
            with os.fdopen(handle, "wb") as file:
                self._keep_owner(file.fileno())
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
            data_dir.sync(self._path.parent)
        except OSError as error:
            Path(temporary).unlink(missing_ok=True)
            raise data_dir.unusable(self._path, error) from error

    def _keep_owner(self, handle: int) -> None:
        """Let the new file be whose the old one is: root changes listeners of others too, who must read them then."""
        if not hasattr(os, "fchown"):
            return
        try:
            old = self._path.stat()
        except FileNotFoundError:
            data_dir.leave_to_owner(handle, self._path.parent)
            return
        new = os.fstat(handle)
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            # Who is not root may give it to a group of their own, and to no other owner.
            with contextlib.suppress(PermissionError):
                os.fchown(handle, old.st_uid if os.geteuid() == 0 else -1, old.st_gid)
            if os.fstat(handle).st_gid != old.st_gid:
                return  # what that group was granted is not this one's
        os.fchmod(handle, stat.S_IMODE(old.st_mode) & 0o660)  # everybody else is never granted anything

    def _remove_leftovers(self) -> None:
        """Delete what a writer that was killed has left, as it holds configurations. The lock keeps others away."""
        for leftover in self._path.parent.glob(f".{self._path.name}.*{_SUFFIX}"):
            leftover.unlink(missing_ok=True)


def _encoded(content: dict[str, Any]) -> bytes:
    try:
        return json.dumps(content, ensure_ascii=False, indent=1).encode()
    except UnicodeEncodeError:
        # Half a character that somebody escaped stays as it was read: it is not ours to drop, nor to stop at.
        return json.dumps(content, indent=1).encode()
