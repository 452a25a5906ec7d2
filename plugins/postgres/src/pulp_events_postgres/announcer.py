"""Wakes workers in other processes by NOTIFY, from a thread and never from the transaction that stores an event.

NOTIFY takes a lock that the whole database shares, and keeps it until its transaction is on the disk: emitting threads
would wait for one another's disks. An announcement that gets lost with a process costs a moment: workers also look by
themselves.
"""

from __future__ import annotations

import threading
import time

from pulp_events import forks
from pulp_events.errors import StoreError
from pulp_events.logs import get_logger
from pulp_events_postgres.connections import Connections

PAUSE = 0.02
"""Seconds between announcements, at least."""
IDLE = 5.0
"""Seconds without one after which the thread ends."""

_logger = get_logger(__name__)


class Announcer:
    """Announces at once, and what comes within PAUSE of the last announcement together."""

    _changed: threading.Condition
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
        if self._due:
            return
        with self._changed:
            self._due = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pulp-events-announcer", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Make an announcement that is due, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(2.0)

    def before_fork(self) -> None:
        """See `forks`."""
        self._changed.acquire()

    def after_fork(self, in_child: bool) -> None:
        """The thread stays in the parent."""
        self._changed.release()
        if in_child:
            self._start()

    def after_foreign_fork(self) -> None:
        """In the child of a fork that nobody announced: somebody may have held the lock."""
        self._start()

    def _start(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._due = False
        self._closing = False
        self._thread = None

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._closing, IDLE)
                if not self._due:
                    self._thread = None
                    return
                self._due = False
                closing = self._closing
            try:
                self._connections.run(
                    lambda own: own.execute(
                        "SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, '')", (self._channel,)
                    )
                )
            except StoreError as error:
                _logger.debug("workers were not woken: %s", error)
            if not closing:
                time.sleep(PAUSE)
