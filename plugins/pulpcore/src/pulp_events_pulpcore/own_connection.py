"""`OwnConnection`: one connection of Django for all threads of a process, closed when nobody needs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from pulp_events.system import forks
from pulp_events.system.exclusive import Exclusive

T = TypeVar("T")

ALIAS = "pulp_events"
"""What the connection that a thread is lent is called in Django, as long as it is."""


@contextmanager
def lent(wrapper: Any) -> Iterator[str]:
    """The name under which the models can use this connection, in this thread and block."""
    from django.db import connections

    alias: str = wrapper.alias
    if getattr(connections._connections, alias, None) is wrapper:
        yield alias  # so that what Django's users do with it on the way is done with one and the same
        return
    before = getattr(connections._connections, ALIAS, None)
    connections[ALIAS] = wrapper
    try:
        yield ALIAS
    finally:
        if before is None:
            del connections[ALIAS]
        else:
            connections[ALIAS] = before


class OwnConnection:
    """Threads use it one after another; Django by itself would open one for each, and keep it.

    `idle`: seconds after which it is closed if nobody needs it.
    """

    def __init__(self, idle: float = 60.0) -> None:
        self._idle = idle
        self._new()
        forks.take_part(self)

    def _new(self) -> None:
        self._exclusive = Exclusive("reading or changing the listeners")
        self._wrapper: Any = None
        self._used = 0.0
        self._closer: threading.Timer | None = None

    def run(self, action: Callable[[str], T]) -> T:
        """`action(alias)`, in which the models may use this alias. Passes on what it raises.

        A connection that the server ended meanwhile is replaced first.
        """
        forks.notice()
        return self._exclusive.run(self._run, action)

    def _run(self, action: Callable[[str], T]) -> T:
        wrapper = self._wrapper
        if wrapper is None:
            from django.db import DEFAULT_DB_ALIAS, connections

            wrapper = self._wrapper = connections.create_connection(DEFAULT_DB_ALIAS)
            wrapper.inc_thread_sharing()
        elif wrapper.connection is not None and _ended(wrapper.connection):
            wrapper.close()
        try:
            with lent(wrapper) as alias:
                return action(alias)
        finally:
            self._used = time.monotonic()
            if wrapper.connection is not None:
                if wrapper.errors_occurred and not wrapper.in_atomic_block:
                    wrapper.close_if_unusable_or_obsolete()
                self._close_later(self._idle)

    def _close_later(self, seconds: float) -> None:
        if self._closer is not None:
            return
        timer = threading.Timer(max(seconds, 0.01), self._close_if_idle)
        timer.name, timer.daemon = "pulp-events-idle", True
        self._closer = timer
        with suppress(RuntimeError):  # at the end of the interpreter, which closes it, too
            timer.start()

    def _close_if_idle(self) -> None:
        self._exclusive.run(self._close_idle)

    def _close_idle(self) -> None:
        if self._closer is not threading.current_thread():
            return
        self._closer = None
        left = self._used + self._idle - time.monotonic()
        if left > 0:
            self._close_later(left)
        elif self._wrapper is not None:
            self._wrapper.close()

    def close(self) -> None:
        """Close it, until it is needed again."""
        self._exclusive.run(self._close)

    def _close(self) -> None:
        timer, self._closer = self._closer, None
        if timer is not None:
            timer.cancel()
        if self._wrapper is not None:
            self._wrapper.close()

    def before_fork(self) -> None:
        """See `forks`: nobody is in the middle of a statement then."""
        self._exclusive.hold()

    def after_fork(self, in_child: bool) -> None:
        """The connection stays the parent's: the child has one of its own when it needs it."""
        if in_child:
            self.after_foreign_fork()
        else:
            self._exclusive.let_go()

    def after_foreign_fork(self) -> None:
        """See `forks.notice`."""
        if self._wrapper is not None:
            self._wrapper.connection = None  # psycopg ends a connection only in the process that began it
        self._new()


def _ended(connection: Any) -> bool:
    """True if the server closed the connection: an idle one has nothing else to say."""
    import select

    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
