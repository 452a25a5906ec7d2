"""Lets one thread alone open the first channel of a notifier type: what that imports is imported once, and whole."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

PATIENCE = 2.0
"""Seconds for which the others wait: the first one may hang."""


class FirstUse:
    """Where modules import each other in a circle, as in urllib3, Python gives a thread that comes second a module that
    is not complete yet rather than let it wait for ever; an attempt would fail with "cannot import name"."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = False
        self._put_off = False

    def put_off(self) -> None:
        """For who is in `alone`: it did not come to the end of that use; the next one is the first."""
        self._put_off = not self._over

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """The first time, one thread at a time is in here."""
        taken = not self._over and self._lock.acquire(timeout=PATIENCE)
        if taken and self._over:  # it was somebody else's
            self._lock.release()
            taken = False
        try:
            yield
        finally:
            self._over = not self._put_off
            if taken:
                self._put_off = False
                self._lock.release()
