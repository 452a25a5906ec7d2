"""Wakes workers in other processes by NOTIFY, from a thread and never from the transaction that stores an event.

NOTIFY takes a lock that the whole database shares, and keeps it until its transaction is on the disk: emitting threads
would wait for one another's disks. An announcement that gets lost with a process costs a moment: workers also look by
themselves.
"""

from __future__ import annotations

import os
import queue
import threading
import time

from pulp_events.errors import StoreError
from pulp_events.system import forks
from pulp_events.system.logs import get_logger
from pulp_events_postgres.connections import Connections

PAUSE = 0.02
"""Seconds between announcements, at least."""
IDLE = 5.0
"""Seconds without one after which the thread ends."""

_logger = get_logger(__name__)


class Announcer:
    """Announces at once, and what comes within PAUSE of the last announcement together.

    No lock that is not re-entrant: a signal handler may emit amid an `emit` of its thread. Never an error either: what
    was stored is stored, and workers look by themselves.
    """

    _wake: queue.SimpleQueue[None]
    _due: bool
    _closing: bool
    _thread: threading.Thread | None

    def __init__(self, connections: Connections, channel: str) -> None:
        self._connections = connections
        self._channel = channel
        self._start()
        forks.take_part(self)

    def announce(self) -> None:
        """Something can be delivered."""
        if os.getpid() != self._pid:
            self._start()  # a fork that Python was not told of
        if self._due:
            return
        self._due = True
        self._wake.put(None)
        self._ensure_thread()

    def close(self) -> None:
        """Make an announcement that is due, and end."""
        self._closing = True
        self._wake.put(None)
        thread = self._thread
        if thread is not None:
            thread.join(2.0)

    def before_fork(self) -> None:
        """See `forks`."""

    def after_fork(self, in_child: bool) -> None:
        """The thread stays in the parent."""
        if in_child:
            self._start()

    def after_foreign_fork(self) -> None:
        """In the child of a fork that nobody announced: somebody may have held the lock."""
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._wake = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._due = False
        self._closing = False
        self._thread = None

    def _ensure_thread(self) -> None:
        if self._thread is not None or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="pulp-events-announcer", daemon=True)
                self._thread = thread
                thread.start()
        except (RuntimeError, MemoryError) as error:
            self._thread = None
            self._due = False
            _logger.debug("workers were not woken: %s", error)
        finally:
            self._starting.release()

    def _run(self) -> None:
        while True:
            try:
                self._wake.get(timeout=IDLE)
            except queue.Empty:
                self._thread = None
                if not self._wake.empty():
                    self._ensure_thread()
                return
            closing = self._closing
            if not self._due:
                if closing:
                    return
                continue
            self._due = False
            try:
                self._connections.run(
                    lambda own: own.execute(
                        "SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, '')", (self._channel,)
                    )
                )
            except StoreError as error:
                _logger.debug("workers were not woken: %s", error)
            if closing:
                return
            time.sleep(PAUSE)
