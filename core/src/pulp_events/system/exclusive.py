"""`Exclusive`: a lock that never waits for its own thread.

A signal handler, `__del__` or a weakref callback runs in whatever thread is there, in the middle of whatever that does.
If it emits while the same thread is storing an event, an ordinary lock would wait for itself for ever, and a reentrant
one would let it into a transaction that is half done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from pulp_events.errors import StoreError

P = ParamSpec("P")
T = TypeVar("T")


def within(lock: threading.RLock, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`with lock: return action(…)`, which leaves the lock free whenever a signal handler raises.

    The statement alone does not on each version of Python: on 3.14 a handler was seen to run when the lock was just
    taken and the block not yet begun.
    """
    again = is_owned(lock)
    try:
        with lock:
            return action(*args, **kwargs)
    except BaseException:
        if not again and is_owned(lock):
            lock.release()
        raise


def is_owned(lock: threading.RLock) -> bool:
    """True if the calling thread has it."""
    return lock._is_owned()  # type: ignore[attr-defined,no-any-return]


class Reentered(StoreError):
    """This very thread is in the middle of `what` it asks for."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"called from a signal handler or finalizer while the same thread was {what}; nothing was stored: let the "
            "handler set a flag, and act on it in the main program"
        )


class Exclusive:
    """Lets one thread at a time do `what` (for the error: `storing an event`)."""

    __slots__ = ("_lock", "_taken", "_what")

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.RLock()
        self._taken = False

    def run(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`action(…)` when no other thread holds it.

        Raises Reentered at once where this very thread has it: we were called in the middle of what it does.
        """
        # The interpreter runs handlers between any two steps, so who holds the lock must be the lock's own knowledge: a
        # note of the thread that is taken after the lock could be missing when the handler comes.
        return within(self._lock, lambda: self._run(action, *args, **kwargs))

    def _run(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._taken:
            raise Reentered(self._what)
        self._taken = True
        try:
            return action(*args, **kwargs)
        finally:
            self._taken = False

    def run_noticing(
        self,
        moments: Sequence[tuple[float, Callable[[], None]]],
        action: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same; after each of these numbers of seconds of waiting for another thread its function is called, and
        may raise. They rise."""
        began = time.monotonic()
        for seconds, noticed in moments:
            if self.is_free or is_owned(self._lock):
                break
            try:
                # Within the `try`: what another thread raises in this one may come as soon as it is acquired.
                if self._lock.acquire(timeout=max(0.0, began + seconds - time.monotonic())):
                    return self.run(action, *args, **kwargs)
            finally:
                if is_owned(self._lock):
                    self._lock.release()
            noticed()
        return self.run(action, *args, **kwargs)

    @property
    def is_free(self) -> bool:
        """False while a thread holds it. Only a hint: it may have changed already."""
        return not self._taken

    def hold(self) -> bool:
        """Wait for it and keep it, for a fork, until `let_go`; False if this very thread had it already."""
        self._lock.acquire()
        return not self._taken

    def let_go(self) -> None:
        """End what `hold` began."""
        self._lock.release()


class InUse(threading.local):
    """Notes which threads are inside of `run`, so that one can tell whether it is itself."""

    def __init__(self) -> None:
        # Each thread's own. Taken and freed by a step of the interpreter that no signal handler can come between, as
        # `__enter__` and `__exit__` in Python are not: after an exception in those the thread would seem inside.
        self._inside = threading.RLock()

    def run(self, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`action(…)`, inside."""
        return within(self._inside, action, *args, **kwargs)

    @property
    def here(self) -> bool:
        """True if the calling thread is inside: it was interrupted in the middle of it, or calls from within."""
        return is_owned(self._inside)
