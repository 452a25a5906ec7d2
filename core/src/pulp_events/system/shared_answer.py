"""An answer that all threads of a process need all the time, and for which only one of them asks, now and then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from pulp_events.system import forks
from pulp_events.system.clock import Clock, SystemClock

T = TypeVar("T")

FRESH = 0.5
"""Seconds for which an answer holds unless the asker says otherwise."""


class _Known(NamedTuple, Generic[T]):
    era: object
    began: float
    answer: T


class SharedAnswer(Generic[T]):
    """Call it for the answer that `ask()` gave less than `fresh` seconds ago, or gives now.

    While one thread asks, the others go on with what they have, as long as it is less than twice `fresh` old, so a slow
    answer keeps one of them. No thread waits for another: a signal handler may have interrupted the one that asks. So
    several ask at once where there is nothing to go on with. An answer is as old as its question, however long it was
    on its way, and no older one takes its place. What `ask` raises is passed on; the next call asks again.
    """

    def __init__(self, ask: Callable[[], T], fresh: float = FRESH, clock: Clock | None = None) -> None:
        self._ask = ask
        self._fresh = fresh
        self._monotonic = (clock or SystemClock()).monotonic
        self._known: _Known[T] | None = None
        self._era = object()
        self._expired = False
        self._start()
        forks.take_part(self)

    def _start(self) -> None:
        self._turn = threading.Lock()

    def before_fork(self) -> None:
        """See `forks`: there is nothing to release here."""

    def after_fork(self, in_child: bool) -> None:
        """A thread that just asked stays in the parent."""
        if in_child:
            self._start()

    def __call__(self) -> T:
        known, era = self._known, self._era
        if known is None or known.era is not era:
            return self._asked()
        age = self._monotonic() - known.began
        if age < self._fresh and not self._expired:
            return known.answer
        turn = self._turn
        if turn.acquire(blocking=False):
            try:
                return self._asked()
            finally:
                turn.release()
        if age < 2 * self._fresh and not self._expired:
            return known.answer
        return self._asked()

    def expire(self) -> None:
        """Ask at the next call: another process is said to have changed it. Others go on with what they have then."""
        self._expired = True

    def forget(self) -> None:
        """Ask at the next call, in whichever thread, and believe no question that began before: this process changed
        it."""
        self._era = object()

    def _asked(self) -> T:
        era, began = self._era, self._monotonic()
        self._expired = False
        try:
            answer = self._ask()
        except BaseException:
            self._expired = True
            raise
        before = self._known
        if era is self._era and (before is None or before.era is not era or before.began <= began):
            self._known = _Known(era, began, answer)
        return answer
