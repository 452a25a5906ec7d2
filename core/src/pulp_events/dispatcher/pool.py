"""Threads that are made when needed, and parked in between: the one that parked last is woken first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pulp_events.system.logs import get_logger

LINGER = 5.0
"""Seconds after which a parked thread ends. The last one stays."""
COMPLAINT = 60.0
"""Seconds between log lines about threads that cannot be started."""

_logger = get_logger(__name__)


class Pool:
    """Runs `work(thread)` in threads; `work` returns when the thread is to end.

    The caller holds its own lock around `park`'s registration and around `unpark`, see there.
    """

    def __init__(self, work: Callable[[PoolThread], None]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self.threads: set[PoolThread] = set()
        self.parked: list[PoolThread] = []
        self._complained = -COMPLAINT

    def start_one(self) -> bool:
        """One more thread; False if the system permits no more just now."""
        thread = PoolThread(self._work, self)
        with self._lock:
            self.threads.add(thread)
        try:
            thread.start()
        except RuntimeError as error:
            with self._lock:
                self.threads.discard(thread)
            if time.monotonic() - self._complained >= COMPLAINT:
                self._complained = time.monotonic()
                _logger.error("a thread for deliveries cannot be started; the running ones continue: %s", error)
            return False
        return True

    def unpark(self) -> bool:
        """Wake the thread that parked last; False if none is parked. Called with the caller's lock held."""
        if not self.parked:
            return False
        self.parked.pop().wake()
        return True

    def gone(self, thread: PoolThread) -> None:
        """The thread ends, or hangs and is counted no more."""
        with self._lock:
            self.threads.discard(thread)

    def join(self, deadline: float) -> None:
        """Wait for the threads to end, until that monotonic time."""
        for thread in list(self.threads):
            if thread.thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))


class PoolThread:
    """One of them."""

    def __init__(self, work: Callable[[PoolThread], None], pool: Pool) -> None:
        self._work = work
        self._pool = pool
        self._gate = threading.Lock()
        self._gate.acquire()
        self.thread: threading.Thread = threading.Thread(target=self._run, name="pulp-events-delivering", daemon=True)

    def start(self) -> None:
        """Raises RuntimeError where the system permits no more threads."""
        self.thread.start()

    def join(self, timeout: float) -> None:
        """Wait for its end."""
        if self.thread.ident is not None:
            self.thread.join(timeout)

    def wait(self, timeout: float) -> bool:
        """Parked: until woken; False if nobody did within `timeout` seconds."""
        return self._gate.acquire(timeout=timeout)

    def wake(self) -> None:
        """Let it go on."""
        self._gate.release()

    def _run(self) -> None:
        try:
            self._work(self)
        finally:
            self._pool.gone(self)
