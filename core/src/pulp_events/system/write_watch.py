"""`WriteWatch`: hears from the system (inotify(7) on Linux) that somebody writes into a file."""

from __future__ import annotations

import ctypes
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator

from pulp_events.system import forks

DEAF = 1.0
"""Seconds after a write during which nothing is read: a file that is written all the time costs a step a second."""
DEAF_TO_OTHERS = 0.04
"""The same after something happened to another file of the folder."""

_MODIFY, _MOVED_TO, _CREATE, _MOVE_SELF = 0x2, 0x80, 0x100, 0x800
_OVERFLOW, _IGNORED, _ONLYDIR = 0x4000, 0x8000, 0x01000000
_WRITTEN = _MODIFY | _MOVED_TO | _CREATE
_HEAD = struct.Struct("iIII")
"""`struct inotify_event`: watch, what happened, cookie, length of the name that follows."""
_BUFFER = 64 * 1024


class WriteWatch:
    """Calls `written` from a thread of its own, once when writing begins and then at most every `DEAF` seconds.

    The *folder* is watched, so that the file may be deleted, made and replaced. Only what processes of this machine
    write is heard, and nothing that goes through a memory map.
    """

    def __init__(self, path: str, written: Callable[[], None]) -> None:
        """Raises OSError where the system has no such thing, or the user has as many of them as are permitted."""
        folder, name = os.path.split(os.path.realpath(path))
        self._name = os.fsencode(name)
        self._written = written
        self._closed = threading.Event()
        self._ending = threading.Lock()
        """Held while the number is used or closed: once closed, it may be another file's."""
        self._pid = os.getpid()
        self._last = time.monotonic()
        self.count: int = 0
        """How often something was heard."""
        self.hears: bool = True
        """False once it hears no more, as the folder is gone."""
        try:
            self._system = ctypes.CDLL(None, use_errno=True)
            self._number = self._call("inotify_init1", os.O_CLOEXEC)
        except (AttributeError, TypeError) as error:  # not on this system
            raise OSError(f"this system has no inotify: {error}") from error
        try:
            watched = _WRITTEN | _MOVE_SELF | _ONLYDIR
            self._watch = self._call("inotify_add_watch", self._number, os.fsencode(folder), watched)
            threading.Thread(target=self._listen, name="pulp-events-bell", daemon=True).start()
        except (OSError, RuntimeError) as error:
            os.close(self._number)
            raise OSError(f"{folder} cannot be watched: {error}") from error
        forks.take_part(self)

    @property
    def silence(self) -> float:
        """Seconds since something was heard, or since the beginning."""
        return time.monotonic() - self._last

    def close(self) -> None:
        """Hear no more. The thread ends by itself."""
        if os.getpid() != self._pid:
            return
        with self._ending:
            if self.hears and not self._closed.is_set():
                self._closed.set()
                self._system.inotify_rm_watch(self._number, self._watch)  # which wakes it

    def before_fork(self) -> None:
        """See `forks`: there is nothing to wait for."""

    def after_fork(self, in_child: bool) -> None:
        """The child has no thread that listens; what it has open is the parent's, and only let go of."""
        if in_child and self.hears:
            self.hears = False
            os.close(self._number)

    def _call(self, function: str, *arguments: int | bytes) -> int:
        result = int(getattr(self._system, function)(*arguments))
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    def _listen(self) -> None:
        try:
            while (deaf := self._take(os.read(self._number, _BUFFER))) is not None:
                self._closed.wait(deaf)
        finally:
            with self._ending:
                self.hears = False
                os.close(self._number)
            if not self._closed.is_set():
                self._written()  # whoever relied on it

    def _take(self, found: bytes) -> float | None:
        """Read what was heard; returns how long to be deaf then, None if there will be no more."""
        written = False
        for what, name in _events(found):
            if what & (_IGNORED | _MOVE_SELF):
                return None
            written = written or bool(what & _OVERFLOW) or name == self._name
        if not written:
            return DEAF_TO_OTHERS
        self._last = time.monotonic()
        self.count += 1
        self._written()
        return DEAF


def _events(found: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(found):
        _, what, _, length = _HEAD.unpack_from(found, at)
        at += _HEAD.size
        yield what, found[at : at + length].rstrip(b"\0")
        at += length
