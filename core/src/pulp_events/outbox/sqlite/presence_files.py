"""Which processes are at work on an outbox of one machine: a small file for each, in a folder beside the database.

Not in the database: each commit wakes every dispatcher (see `Bell`), which would then look at everything for a beat
that concerns none of them. A watch on the folder of the database hears nothing of the files in a folder below.

Each process keeps a lock on its file (flock(2)), and the system releases that when the process ends, however it ends:
one that was killed is known to be gone at once, whatever its last beat says, and whoever has its process id now. Where
there are no such locks, age alone decides.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulp_events.errors import StoreError
from pulp_events.outbox.presence import Beat, Presence, in_order, outdated, presence
from pulp_events.system import data_dir, forks
from pulp_events.system.clock import Clock
from pulp_events.system.remedies import remedy

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"([0-9a-f]{16})\.json\Z")
_LARGEST = 1 << 20
"""Bytes of a file that are read, at most; one has some hundred."""
_LOOKS = 3
"""How often a file is looked at that is just being written."""


def folder_of(database: Path) -> Path:
    """Where the files are."""
    return database.with_name(database.name + ".workers")


@dataclass
class _Held:
    """A file of this process: it stays open, and locked."""

    handle: int
    started: float


class PresenceFiles:
    """Writes the files of this process, and reads those of all."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._lock = threading.RLock()
        """Which a signal handler may take again: it may emit, or fork."""
        forks.take_part(self)

    def beat(self, beat: Beat) -> None:
        """Write that this process is at work. Raises StoreError if that cannot be written."""
        now = self._clock.time()
        try:
            with self._lock:
                held = self._held.get(beat.id)
                if held is not None and os.fstat(held.handle).st_nlink == 0:  # somebody cleaned up
                    self._let_go(beat.id)
                    held = None
                started = now - beat.uptime if held is None else held.started
                kept = {"about": beat.about(), "in_flight": beat.in_flight, "started": started, "seen": now}
                text = json.dumps({**kept, "monotonic": self._clock.monotonic()}).encode() + b"\n"
                if held is None:
                    self._make(beat.id, started, text)
                else:
                    _write(held.handle, text)  # what is left of a longer one stands in further lines
        except OSError as error:
            raise data_dir.unusable(self._folder, error) from error

    def leave(self, id: str) -> None:
        """Delete the file."""
        with self._lock, contextlib.suppress(OSError):
            if id in self._held:
                self._path(id).unlink(missing_ok=True)  # before the lock is released: it is not seen as one that died
                self._let_go(id)

    def all(self) -> list[Presence]:
        """What all files say. Nothing is made, changed or deleted. Raises StoreError if they cannot be read."""
        found = [self._read(id) for id in self._ids()]
        return in_order(one for one in found if one is not None)

    def close(self) -> None:
        """Delete the files of this process."""
        for id in list(self._held):
            self.leave(id)

    def before_fork(self) -> None:
        """See `forks`."""
        self._lock.acquire()

    def after_fork(self, in_child: bool) -> None:
        """The files are the parent's: the child's copies of what is open would keep them locked after its end."""
        if in_child:
            for id in list(self._held):
                self._let_go(id)
        self._lock.release()

    def after_foreign_fork(self) -> None:
        """In the child of a fork that nobody announced."""
        self._lock = threading.RLock()
        for id in list(self._held):
            self._let_go(id)

    def _path(self, id: str) -> Path:
        return self._folder / f"{id}.json"

    def _ids(self) -> list[str]:
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self._folder, error) from error
        return [found[1] for name in names if (found := _NAME.match(name))]

    def _make(self, id: str, started: float, text: bytes) -> None:
        """A new file: locked before it has its name."""
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self._folder, os.O_RDONLY)
            try:
                data_dir.leave_to_owner(handle, self._folder.parent)
            finally:
                os.close(handle)
        self._clean()
        new = self._folder / f".{id}.tmp"
        data_dir.create(new)
        handle = os.open(new, os.O_RDWR)
        try:
            _locked(handle, shared=False)
            _write(handle, text)
            new.rename(self._path(id))
        except BaseException:
            os.close(handle)
            new.unlink(missing_ok=True)
            raise
        self._held[id] = _Held(handle, started)

    def _let_go(self, id: str) -> None:
        with contextlib.suppress(OSError):
            os.close(self._held.pop(id).handle)

    def _read(self, id: str) -> Presence | None:
        """What one file says; None if it is gone, or says nothing of ours."""
        try:
            handle = os.open(self._path(id), os.O_RDONLY)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(self._path(id), error) from error
        try:
            for _ in range(_LOOKS):
                with contextlib.suppress(ValueError, KeyError, TypeError, OverflowError):
                    os.lseek(handle, 0, os.SEEK_SET)
                    return self._presence(id, json.loads(os.read(handle, _LARGEST).split(b"\n", 1)[0]), handle)
        except OSError:
            pass
        finally:
            os.close(handle)
        return None

    def _presence(self, id: str, kept: dict[str, Any], handle: int) -> Presence | None:
        seen = float(kept["seen"])
        free = _locked(handle, shared=True)
        if free and os.fstat(handle).st_nlink == 0:
            return None  # it has just left
        # All processes of a machine share the monotonic clock, which nobody sets; it begins again with the machine.
        silent = -1.0 if free else self._clock.monotonic() - float(kept["monotonic"])
        silent = self._clock.time() - seen if silent < 0 else silent
        return presence(id, kept["about"], (float(kept["started"]), seen, silent), int(kept["in_flight"]), dead=free)

    def _clean(self) -> None:
        """Delete what is remembered of processes that went long ago, or of too many; nothing where that is unknown."""
        try:
            found = outdated(self.all())
        except StoreError:  # whoever asks for them is told
            return
        for one in found:
            with contextlib.suppress(OSError):
                handle = os.open(self._path(one.id), os.O_RDONLY)
                try:
                    if fcntl is None or _locked(handle, shared=False):
                        self._path(one.id).unlink(missing_ok=True)
                finally:
                    os.close(handle)


def _unreadable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be read: {error.strerror}; which processes are at work is unknown; {remedy(error, 'read')}"
    )


def _write(handle: int, text: bytes) -> None:
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, text)


def _locked(handle: int, shared: bool) -> bool:
    """Lock an open file, until it is closed; False if somebody else has it, or where there are no such locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
