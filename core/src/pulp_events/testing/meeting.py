"""`Meeting`: whether several clients of a `FaultProxy` send at the same time."""

from __future__ import annotations

import threading


class Meeting:
    """Each of some marks is sent by another client; the answers to them are held until all of them were sent.

    So no client has its answer before the others have sent, unless that takes longer than `limit` seconds.
    """

    def __init__(self, *marks: bytes, limit: float) -> None:
        self._marks = marks
        self._limit = limit
        self._lines: dict[object, bytes] = {}
        """What each connection sent."""
        self._seen: set[bytes] = set()
        self._met = threading.Event()
        self.timed_out: bool = False
        """Whether an answer was let go before all had sent."""

    @property
    def seen(self) -> int:
        """How many of the marks were sent; none where reports pass encrypted or encoded."""
        return len(self._seen)

    def saw(self, data: bytes, line: object) -> None:
        """A client sent this over a connection, `line`."""
        self._lines[line] = self._lines.get(line, b"") + data
        self._seen.update(mark for mark in self._marks if mark in self._lines[line])
        if len(self._seen) == len(self._marks):
            self._met.set()

    def wait(self, line: object) -> None:
        """Called before an answer goes back over a connection."""
        if any(mark in self._lines.get(line, b"") for mark in self._marks) and not self._met.wait(self._limit):
            self.timed_out = True
            self._met.set()
