"""`uninterrupted`: work that no signal handler can break off in the middle.

Python runs signal handlers in the main thread only, between any two steps of whatever that does, and what a handler
raises (KeyboardInterrupt, Celery's SoftTimeLimitExceeded, the SystemExit of `sys.exit`) is raised there. No `try` is
proof against it: it may come between a lock and the `try` that would release it. So the main thread hands such work to
a thread of ours, in which no handler ever runs, and does nothing but wait.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar, cast

from pulp_events.errors import StoreError

P = ParamSpec("P")
T = TypeVar("T")

SETTLING = 1.0
"""Seconds for which a caller that was interrupted waits for what is under way, before the exception is raised."""
ASKING = 2.0
"""Seconds for which work waits for an answer of the thread that asked for it."""
_FORK = 1.0
"""Seconds after which a waiting thread looks whether it is still in the process in which it began to wait."""


class _Call:
    """Work that was handed over."""

    __slots__ = ("answer", "answered", "begun", "done", "failure", "left", "question", "result", "woken", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.begun = threading.Lock()
        """Held from when it began, or was withdrawn: who gets it decides."""
        self.woken = threading.Lock()
        self.woken.acquire()
        self.left = False
        """The caller was interrupted, and has gone."""
        self.done = False
        self.result: Any = None
        self.failure: BaseException | None = None
        self.question: Callable[[], Any] | None = None
        self.answer: Any = None
        self.answered: threading.Lock | None = None

    def wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # it has not noticed an earlier one yet
            self.woken.release()


class _Threads:
    """Those of one process. Only they write here, but for what is put into the queue: the main thread may be
    interrupted."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.calls: SimpleQueue[_Call] = SimpleQueue()
        self.all: list[int] = []
        self.here: dict[int, _Call] = {}
        """Identifier of a thread that is at work → what it does."""

    def serve(self) -> None:
        me = threading.get_ident()
        self.all.append(me)
        try:
            self._serve(me)
        finally:
            self.all.remove(me)

    def _serve(self, me: int) -> None:
        while True:
            call = self.calls.get()
            if not call.begun.acquire(blocking=False):
                continue  # withdrawn
            self.here[me] = call
            try:
                call.result = call.work()
            except BaseException as error:  # noqa: BLE001  # raised in the thread that waits
                call.failure = error
            del self.here[me]
            call.done = True
            call.wake()
            del call

    def take(self, call: _Call) -> None:
        """Raises RuntimeError where no thread can be started."""
        # A signal handler may emit while the thread is at work for the main program.
        if len(self.all) <= len(self.here) + self.calls.qsize():
            threading.Thread(target=self.serve, name="pulp-events-storing", daemon=True).start()
        self.calls.put(call)


_threads = _Threads()


def uninterrupted(action: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `action(…)`, which is done from its beginning to its end, or not at all. Passes on what it raises.

    If the caller is interrupted, the exception of the signal handler is raised here, and nowhere else: what had not
    begun is never done, and what had begun goes on to its end, for which the exception waits up to SETTLING seconds.
    The action has the caller's context variables, and another thread, where the caller is the main one.
    """
    if threading.current_thread() is not threading.main_thread() or sys.is_finalizing():
        return action(*args, **kwargs)
    call = _Call(lambda: context.run(action, *args, **kwargs))
    context = copy_context()
    try:
        try:
            _here().take(call)
        except RuntimeError:  # no thread can be started, as when the interpreter ends
            return action(*args, **kwargs)
        _wait(call)
    except BaseException:
        call.left = True
        if not call.begun.acquire(blocking=False) and not call.done:
            call.woken.acquire(timeout=SETTLING)
        raise
    if call.failure is not None:
        try:
            raise call.failure
        finally:
            del call  # which leads to this frame again
    return cast(T, call.result)


def in_caller(question: Callable[[], T], otherwise: T) -> T:
    """Within such work: the answer of the thread that asked for it, as only that can tell what is its own;
    `otherwise` where it gives none."""
    call = _threads.here.get(threading.get_ident())
    if call is None:
        return question()
    if call.left:
        return otherwise
    call.answered = answered = threading.Lock()
    answered.acquire()
    call.answer, call.question = otherwise, question
    call.wake()
    answered.acquire(timeout=ASKING)
    call.question = None
    return cast(T, call.answer)


def caller_left() -> bool:
    """Within such work: True if nobody waits for it any more, so that it need not wait for others either."""
    call = _threads.here.get(threading.get_ident())
    return call is not None and call.left


def _here() -> _Threads:
    global _threads
    if _threads.pid != os.getpid():
        _threads = _Threads()  # of the parent's, there are none in a forked child
    return _threads


def _wait(call: _Call) -> None:
    pid = _threads.pid
    while not call.done:
        if not call.woken.acquire(timeout=_FORK):
            if os.getpid() != pid:
                raise StoreError(
                    "this process was forked by a signal handler while its parent was storing, and it is the parent "
                    "that stores; fork in the main program"
                )
            continue
        if (question := call.question) is not None and not call.done:
            call.question = None
            call.answer = question()
            if call.answered is not None:
                with contextlib.suppress(RuntimeError):
                    call.answered.release()
