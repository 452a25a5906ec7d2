"""What an administrator should be told once, and not with every message."""

from __future__ import annotations

import threading

from pulp_events.system.logs import get_logger

_logger = get_logger(__name__)


class Notices:
    """Logs each notice when it becomes true, and not again before it has been false."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._lock = threading.Lock()

    def say(self, about: str, text: str) -> None:
        """`about`: what it is known by."""
        with self._lock:
            known = about in self._said
            self._said.add(about)
        if not known:
            _logger.warning("%s", text)

    def forget(self, about: str) -> None:
        """It no longer holds."""
        with self._lock:
            self._said.discard(about)
