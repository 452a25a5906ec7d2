"""What code does to the world while a module is imported, as the audit events of Python tell. Imports next to nothing.

An import is to define things: it happens in each run of `pulp-admin`, in each worker, and again after a fork.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of
import os
import sys
from types import TracebackType
from typing import Any

_THREAD = "starts a thread; start it in Channel.open(), and end it in close()"
_PROCESS = "starts a process; start it where it is needed"
_SIGNAL = "changes what {} does; leave signals to the program"
_FILES = "writes to {}; do that in Channel.open(), or where it is needed"
_BYTECODE = "__pycache__"
_NETWORK = "uses the network; connect in Channel.open()"
_WORDS = {
    "_thread.start_new_thread": _THREAD,
    "_thread.start_joinable_thread": _THREAD,
    "subprocess.Popen": _PROCESS,
    "os.exec": _PROCESS,
    "os.fork": _PROCESS,
    "os.forkpty": _PROCESS,
    "os.posix_spawn": _PROCESS,
    "os.system": _PROCESS,
    "socket.bind": _NETWORK,
    "socket.connect": _NETWORK,
    "socket.getaddrinfo": _NETWORK,
    "socket.gethostbyaddr": _NETWORK,
    "socket.gethostbyname": _NETWORK,
    "socket.sendmsg": _NETWORK,
    "socket.sendto": _NETWORK,
}
"""An audit event (docs.python.org, "Audit events table") → what it says of an import, and what to do instead."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod")
"""Audit events of the file system, with a path first."""


class Watch:
    """A context manager; `seen`: what the block did, each once, in the order in which it was done.

    Its hook stays for as long as the process lives, as Python can remove none: use it in a process of its own.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._on = False
        self._threads = 0
        self._signals: dict[int, Any] = {}

    def __enter__(self) -> Watch:
        self._signals = _handlers()
        self._threads = len(sys._current_frames())
        sys.addaudithook(self._hear)
        self._on = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on = False
        if len(sys._current_frames()) > self._threads and _THREAD not in self.seen:
            self.seen.append(_THREAD)  # Python 3.11 has no event for it
        for number, handler in _handlers().items():
            if handler is not self._signals[number]:
                self.seen.append(_SIGNAL.format(_name(number)))

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._on and (text := _said(event, arguments)) and text not in self.seen:
            self.seen.append(text)


def _said(event: str, arguments: tuple[Any, ...]) -> str:
    if (text := _WORDS.get(event)) is not None:
        return text
    writes = event in _CHANGES or (event == "open" and bool((arguments[2] or 0) & _WRITING))
    if not writes or not isinstance(arguments[0], str | bytes | os.PathLike):
        return ""
    path = os.fsdecode(arguments[0])
    return "" if _BYTECODE in path or path == os.devnull else _FILES.format(path)


def _handlers() -> dict[int, Any]:
    return {number: _signal.getsignal(number) for number in _signal.valid_signals()}


def _name(number: int) -> str:
    found = [name for name in dir(_signal) if name.startswith("SIG") and getattr(_signal, name) == number]
    return next((name for name in found if not name.startswith("SIG_")), f"signal {number}")


def printed(*texts: str) -> list[str]:
    """What to say of an import that wrote these texts to its standard output and standard error."""
    said = next((line.strip() for text in texts for line in text.splitlines() if line.strip()), "")
    return [f"prints {said[:60]!r}; log with logging.getLogger(__name__) instead"] if said else []
