"""Tells observers of attempts in a thread of its own, so that a slow or hanging observer delays no delivery."""

from __future__ import annotations

import queue
import threading
import time

from pulp_events.logs import get_logger
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.plugins.observers import Observers

LONGEST_QUEUE = 10_000
"""Attempts that wait to be observed; what comes on top of them is not observed, and that is logged."""

_logger = get_logger(__name__)


class AttemptWatch:
    """`attempted` tells the observers at once until `start` is called, and later from the thread."""

    def __init__(self, observers: Observers) -> None:
        self._observers = observers
        self._queue: queue.Queue[tuple[Delivery, Attempt] | None] = queue.Queue(LONGEST_QUEUE)
        self._thread: threading.Thread | None = None
        self._overflowing = False

    @property
    def wanted(self) -> bool:
        """True if any plugin observes attempts."""
        return self._observers.watch_attempts

    def attempted(self, delivery: Delivery, attempt: Attempt) -> None:
        """An attempt was recorded."""
        if self._thread is None:
            self._observers.attempted(delivery, attempt)
            return
        try:
            self._queue.put_nowait((delivery, attempt))
            self._overflowing = False
        except queue.Full:
            if not self._overflowing:
                self._overflowing = True
                _logger.error("observers of attempts do not keep up; attempts are not observed until they do")

    def start(self) -> None:
        """From now on, observers are told in a thread."""
        if self.wanted:
            self._thread = threading.Thread(target=self._run, name="pulp-events-observers", daemon=True)
            self._thread.start()

    def stop(self, timeout: float) -> None:
        """Tell what is still waiting, at most for `timeout` seconds."""
        if self._thread is None:
            return
        deadline = time.monotonic() + timeout
        try:
            self._queue.put(None, timeout=max(0.01, timeout))
        except queue.Full:
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            self._observers.attempted(*item)
