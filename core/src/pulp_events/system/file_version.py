"""Did this file change? One answer for listener records, secrets in files, certificates and the outbox's log.

A file's times alone prove nothing: some file systems count in seconds (ext4 with 128-byte inodes and HFS+: 1 s; FAT
and exFAT: 2 s), an inode number is used again, and anybody may set a time. So times count only once they have stayed
the same for longer than the coarsest tick; until then, and once in a while later, the content does.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Hashable

from pulp_events.system import forks
from pulp_events.system.clock import Clock, SystemClock
from pulp_events.system.exclusive import Exclusive, Reentered
from pulp_events.system.signal_handlers import raised_in_handler

TICK = 2.0
"""Seconds, the coarsest step in which a file system counts time."""
VERIFY = 10.0
"""Seconds after which the content is read again though no time changed: also a network's cache may hold the times."""
SHARE = 50
"""A large file is read whole at most this many times its own reading time apart, unless its first bytes changed."""
LARGE = 65536
"""Bytes above which a file counts as large: what takes long to read below that is not the file."""
HEAD = 256
"""Bytes at the beginning that are compared at each look. A large file that changes often has a counter there."""
HOLD = 0.5
"""Seconds for which an answer holds unless the caller says otherwise."""
FORGET = 60.0
"""Seconds after which a file that nobody asks for may be forgotten."""
MANY = 1024
"""Files that are remembered before the first of them are forgotten."""


class Settling:
    """Whether a file's times prove that it is as it was when its content was last looked at.

    Give each `os.stat` to `unchanged`. Where that says no, look at the content, and call `looked` afterwards. What
    counts is how long these times were seen, by this process's own clock: a file server's clock may be another.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.forget()

    def forget(self) -> None:
        """Nothing is proven: the file was away, or was written by this process."""
        self._stamp: Hashable = None
        self._since = 0.0
        self._aged = self._proven = False

    def unchanged(self, found: os.stat_result) -> bool:
        """True if any change since the last look would show in these times."""
        stamp = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        now = self._clock.monotonic()
        if stamp != self._stamp:
            self._stamp, self._since, self._proven = stamp, now, False
        # A time that is still to come, as after the clock was set back, will be given to a change a second time.
        to_come = max(found.st_mtime, found.st_ctime) > self._clock.time()
        self._aged = now - self._since >= TICK and not to_come
        return self._proven and self._aged

    def looked(self) -> None:
        """The content was looked at after the last `unchanged`."""
        self._proven = self._aged


class FileVersions:
    """The versions of files, cheap to ask for again and again, from any thread.

    Two versions of a file are equal where its content is. They are of use in this process only.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._start()
        forks.take_part(self)

    def of(self, path: str | os.PathLike[str], hold: float = HOLD) -> Hashable | None:
        """The version of the file as it was less than `hold` seconds ago; None if there is none.

        A file that cannot be read has a version of its own; nothing is raised.
        """
        name = path if type(path) is str else os.fspath(path)
        file = self._files.get(name) or self._remember(name)
        return file.version(hold)

    def forget(self, path: str | os.PathLike[str]) -> None:
        """Look again at the next question: this process changed the file."""
        self._files.pop(os.fspath(path), None)

    def before_fork(self) -> None:
        """See `forks`: there is nothing to release here."""

    def after_fork(self, in_child: bool) -> None:
        """In a child, a lock may be held by a thread that is not there."""
        if in_child:
            self._start()

    def _start(self) -> None:
        self._lock = threading.RLock()  # a signal handler may ask while its own thread is remembering another file
        self._files: dict[str, _File] = {}
        self._limit = MANY

    def _remember(self, name: str) -> _File:
        with self._lock:
            if len(self._files) >= self._limit:
                long_ago = self._clock.monotonic() - FORGET
                for other, file in list(self._files.items()):
                    if file.looked < long_ago:
                        self._files.pop(other, None)
                self._limit = max(MANY, 2 * len(self._files))
            return self._files.setdefault(name, _File(name, self._clock, self._file_of_folder))

    def _file_of_folder(self, path: str) -> Hashable | None:
        # Folders in folders are not followed: where certificates lie, there are none.
        return None if os.path.isdir(path) else self.of(path)  # noqa: PTH112


class _File:
    def __init__(self, path: str, clock: Clock, inner: Callable[[str], Hashable | None]) -> None:
        self._path = path
        self._inner = inner
        self._monotonic = clock.monotonic
        self._exclusive = Exclusive("looking at a file")
        self._settling = Settling(clock)
        self._version: Hashable | None = None
        self._head: bytes | None = None
        self._read_at = float("-inf")
        self._reading_time = 0.0
        self.looked = float("-inf")
        """When the version was last known to hold, by the monotonic clock."""

    def version(self, hold: float) -> Hashable | None:
        if self._monotonic() - self.looked >= hold:
            # What is asked in a signal handler, while this thread is looking, gets what was seen the last time.
            with contextlib.suppress(Reentered):
                self._exclusive.run(self._look_again, hold)
        return self._version

    def _look_again(self, hold: float) -> None:
        now = self._monotonic()
        if now - self.looked >= hold:
            self._version = self._current_version(now)
            self.looked = now

    def _current_version(self, now: float) -> Hashable | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116  # a third of the time of Path.stat
            if self._settling.unchanged(found) and now - self._read_at < VERIFY:
                return self._version
            version = self._read(found, now)
        except (FileNotFoundError, NotADirectoryError):
            version = None
        except OSError as error:
            if raised_in_handler(error):
                raise
            version = ("cannot be read", error.errno)
        else:
            return version
        self._settling.forget()
        self._head = None
        return version

    def _read(self, found: os.stat_result, now: float) -> Hashable:
        if stat.S_ISDIR(found.st_mode):  # of certificates, for example
            names = sorted(os.listdir(self._path))  # noqa: PTH208  # a third of the time of Path.iterdir
            return ("folder", tuple((name, self._inner(f"{self._path}/{name}")) for name in names))
        if not stat.S_ISREG(found.st_mode):  # to read a pipe would take something out of it
            return ("not a regular file", found.st_dev, found.st_ino)
        with open(self._path, "rb") as file:  # noqa: PTH123
            head = file.read(HEAD)
            was_just_read = found.st_size > LARGE and now - self._read_at < SHARE * self._reading_time
            if was_just_read and head == self._head:
                return self._version
            began = time.thread_time()
            content = head + file.read()
            # hash() has a new key in each process, and takes a quarter of the time of a cryptographic digest
            version = (len(content), hash(content))
            self._reading_time = time.thread_time() - began
        self._settling.looked()
        self._head, self._read_at = head, now
        return version
