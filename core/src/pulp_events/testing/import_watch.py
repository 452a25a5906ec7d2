"""What code does to the world while a module is imported, as the audit events of Python tell. Imports nothing else.

An import is to define things: it happens in each run of `pulp-admin`, in each worker, and again after a fork.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

_THREAD = "starts a thread; start it in Channel.open(), and end it in close()"
_PROCESS = "starts a process; start it where it is needed"
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


class Watch:
    """A context manager; `seen`: what the block did, each once, in the order in which it was done.

    Its hook stays for as long as the process lives, as Python can remove none: use it in a process of its own.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._on = False
        self._threads = 0

    def __enter__(self) -> Watch:
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

    def _hear(self, event: str, _: tuple[Any, ...]) -> None:
        if self._on and (text := _WORDS.get(event)) is not None and text not in self.seen:
            self.seen.append(text)


def printed(*texts: str) -> list[str]:
    """What to say of an import that wrote these texts to its standard output and standard error."""
    said = next((line.strip() for text in texts for line in text.splitlines() if line.strip()), "")
    return [f"prints {said[:60]!r}; log with logging.getLogger(__name__) instead"] if said else []
