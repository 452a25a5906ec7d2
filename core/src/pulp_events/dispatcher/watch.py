"""Notifies observers of attempts. Each plugin has its own thread, so a slow or hanging observer delays nobody else.

What was recorded together is queued together: a thread that wakes for each attempt takes the interpreter each time.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence

from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.plugins.observers import AttemptObserver, Observers
from pulp_events.system.logs import get_logger

LONGEST_QUEUE = 10_000
"""Attempts queued for one observer, at most. Further ones are dropped, and that is logged."""

Attempted = Sequence[tuple[Delivery, Attempt]]

_logger = get_logger(__name__)


class AttemptWatch:
    """Until `start` is called, `attempted` notifies observers in the calling thread; afterwards in their own."""

    def __init__(self, observers: Observers) -> None:
        self._observers = observers.of_attempts()
        self._threads: list[_ObserverThread] | None = None

    @property
    def wanted(self) -> bool:
        """True if any plugin observes attempts."""
        return bool(self._observers)

    def attempted(self, attempted: Attempted) -> None:
        """Attempts were recorded; the deliveries are as they are now."""
        for each in self._observers if self._threads is None else self._threads:
            each.tell(attempted)

    def start(self) -> None:
        """From now on, notify observers in their own threads."""
        if self._threads is None:
            self._threads = [_ObserverThread(observer) for observer in self._observers]

    def stop(self, timeout: float) -> None:
        """Finish what is queued, for at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        for each in self._threads or ():
            each.end()
        for each in self._threads or ():
            each.join(max(0.0, deadline - time.monotonic()))


class _ObserverThread:
    def __init__(self, observer: AttemptObserver) -> None:
        self._observer = observer
        self._queue: queue.SimpleQueue[Attempted | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queued = self._taken = 0
        self._overflowing = False
        self._thread: threading.Thread | None = None

    def tell(self, attempted: Attempted) -> None:
        with self._lock:
            fitting = attempted[: max(0, LONGEST_QUEUE - (self._queued - self._taken))]
            self._queued += len(fitting)
        if fitting:
            self._queue.put(fitting)
        if len(fitting) == len(attempted):
            self._overflowing = False
        elif not self._overflowing:
            self._overflowing = True
            _logger.error("plugin %s does not keep up; it misses attempts until it does", self._observer.plugin)
        if self._thread is None:
            thread = threading.Thread(
                target=self._run, name=f"pulp-events-observer-{self._observer.plugin}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:  # as many as the system permits; the next attempt tries again
                _logger.error("plugin %s is not notified of attempts yet: %s", self._observer.plugin, error)
            else:
                self._thread = thread

    def end(self) -> None:
        self._queue.put(None)

    def join(self, timeout: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (attempted := self._queue.get()) is not None:
            self._observer.tell(attempted)
            self._taken += len(attempted)
