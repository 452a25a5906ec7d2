"""A limit for each claim: a notifier that hangs, or that would end the process, fails a claim and not the test run."""

from __future__ import annotations

import ctypes
import functools
import math
import os
import sys
import sysconfig
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

import pytest

import pulp_events

MOST_OVERRUN = 3
"""Claims of one class that are let run into their limit; those after them fail at once."""
LOOK = 0.05
"""Seconds between two looks at what must end within a limit."""
_NOT_ITS_OWN = (
    str(Path(pulp_events.__file__).parent),
    sysconfig.get_path("stdlib"),
    str(Path(pytest.__file__).parent),
    str(Path(pytest.__file__).parent.parent / "_pytest"),
)


@dataclass
class Found:
    """What claims of a test class found that others must know."""

    overrun: list[str] = field(default_factory=list)
    """Claims that did not end within their limit."""

    deadly: str = ""
    """How the notifier ends the process; empty if it does not."""

    rehearsed: bool = False
    """Whether what is imported when it is first used is imported already."""


_found: WeakKeyDictionary[type, Found] = WeakKeyDictionary()


def of_class(test_class: type) -> Found:
    """What was found by its claims so far, in this process."""
    return _found.setdefault(test_class, Found())


class Overrun(AssertionError):
    """Something did not end within its limit; the text says where it is."""


def limited(claim: Callable[..., None]) -> Callable[..., None]:
    """The claim, given up after the class's `claim_limit`; `os._exit` is named instead of ending pytest."""

    @functools.wraps(claim)
    def within_limit(self: Any, *arguments: Any, **fixtures: Any) -> None:
        __tracebackhide__ = True
        found = of_class(type(self))
        if len(found.overrun) >= MOST_OVERRUN:
            pytest.fail(f"not run, because others of its class did not end: {', '.join(found.overrun)}", pytrace=False)
        if found.deadly and "process" not in claim.__name__:
            pytest.fail(f"not run, because pytest would end with it: {found.deadly}", pytrace=False)
        try:
            with exits_named() as exits:
                run_within(self.claim_limit, lambda: claim(self, *arguments, **fixtures), "it")
        except Overrun as error:
            found.overrun.append(claim.__name__)
            pytest.fail(str(error), pytrace=False)
        finally:
            if exits:
                pytest.fail(exits[0], pytrace=False)

    return within_limit


def run_within(limit: float, work: Callable[[], None], what: str) -> None:
    """Run it in a thread; raises what it raises, or Overrun after `limit` seconds. Then the thread is abandoned."""
    __tracebackhide__ = True
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="contract-claim", daemon=True)
    others = {each.ident for each in threading.enumerate()}
    thread.start()
    if not ends_within(thread, limit):
        place = _place(thread, others)
        _stop(thread)
        raise Overrun(
            f"{what} has not ended after {limit:g} s{place}; give each wait a limit (timeout= for sockets and locks, "
            "join(timeout) for threads), and each loop an end"
        )
    if raised:
        raise raised[0]


def ends_within(thread: threading.Thread, seconds: float) -> bool:
    """Whether it ends within so many seconds. Those for which the machine stands still, and the thread with it, do not
    count: each look counts as LOOK seconds, however long it took."""
    for _ in range(math.ceil(seconds / LOOK)):
        thread.join(LOOK)
        if not thread.is_alive():
            return True
    return False


@contextmanager
def exits_named() -> Iterator[list[str]]:
    """Within it, `os._exit` ends a thread of this process and not all of it; yields what it was called with, and where.

    What avoids it (a signal, a library in C) is found by the claims that look from outside.
    """
    real, here = os._exit, os.getpid()
    found: list[str] = []

    def named(status: int) -> Any:
        if os.getpid() != here:
            real(status)  # a child may
        caller = sys._getframe(1)
        found.append(
            f"it ends the whole process with os._exit({status}) in {_of(caller)}; raise TransientFailure or "
            "PermanentFailure instead"
        )
        raise SystemExit(status)

    os._exit = named
    try:
        yield found
    finally:
        os._exit = real


def _place(thread: threading.Thread, before: set[int | None]) -> str:
    """Where the thread is, or one that was started after it, in code that is neither ours nor Python's."""
    frames = sys._current_frames()
    newer = [each.ident for each in threading.enumerate() if each.ident not in before and each is not thread]
    for ident in (thread.ident, *newer):
        if (frame := frames.get(ident or 0)) is not None:
            for each, _ in traceback.walk_stack(frame):
                if not each.f_code.co_filename.startswith((*_NOT_ITS_OWN, "<")):
                    return f": it is in {_of(each)}"
    return ""


def _of(frame: FrameType) -> str:
    return f"{frame.f_code.co_name}(), {Path(frame.f_code.co_filename).name}, line {frame.f_lineno}"


def _stop(thread: threading.Thread) -> None:
    """Let a loop in Python end; what waits in C goes on waiting, and disturbs nobody."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
