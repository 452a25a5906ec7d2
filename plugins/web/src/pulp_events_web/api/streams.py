"""How many streams may be open: each takes a thread of the server, and the others are for everybody else."""

from __future__ import annotations

import threading


class Streams:
    """Counts them. Used by any number of threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, threads: int) -> Streams:
        """For a server with so many threads: half of them may stream, and at least one may not."""
        return cls(max(1, threads // 2))

    @property
    def open(self) -> int:
        """How many are open."""
        return self._open

    def take(self) -> bool:
        """Open one, if there is room."""
        with self._lock:
            if self._open >= self.most:
                return False
            self._open += 1
            return True

    def give_back(self) -> None:
        """One has ended."""
        with self._lock:
            self._open -= 1
