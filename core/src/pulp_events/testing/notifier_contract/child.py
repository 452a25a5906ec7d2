"""A delivery in a child process, so that what it does to its process harms nobody."""

from __future__ import annotations

import importlib
import json
import logging
import math
import os
import select
import signal
import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from pulp_events.testing.notifier_contract import waiting
from pulp_events.testing.notifier_contract.limits import LOOK


@dataclass(frozen=True)
class Ended:
    """How a child ended."""

    told: Any
    """What it returned; None if it did not come to that."""

    how: str
    """What ended it, in words; empty if it came to its end."""

    deadly: bool = False
    """Whether it ended itself, as pytest would have with it."""


def in_child(work: Callable[[], Any], limit: float) -> Ended:
    """What `work()` returns in a fork of this process, as JSON; the child is killed after `limit` seconds."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork()")
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a child of a process with threads has but one
        child = os.fork()
    if child == 0:
        _be_the_child(work, writing)
    os.close(writing)
    try:
        return _await(child, reading, limit)
    finally:
        os.close(reading)


def imported_by(work: Callable[[], Any], limit: float) -> list[str]:
    """Modules that are imported while `work()` runs in a child, whatever comes of it."""
    before = set(sys.modules)

    def look() -> list[str]:
        with suppress(BaseException):
            work()
        return sorted(set(sys.modules) - before)

    return in_child(look, limit).told or []


def import_here(names: Iterable[str]) -> None:
    """Once for all children: they then show what is done, and nothing of what importing does."""
    for name in names:
        with suppress(Exception):
            importlib.import_module(name)


def _be_the_child(work: Callable[[], Any], writing: int) -> None:
    try:
        waiting.forget_loops()
        logging.getLogger().handlers.clear()  # pytest's: most programs have none until they configure logging
        os.write(writing, json.dumps(work()).encode())
    finally:
        os._exit(0)


def _await(child: int, reading: int, limit: float) -> Ended:
    told, looks, over = b"", math.ceil(limit / LOOK), False  # as in `ends_within`
    try:
        while looks and not over:
            if not select.select([reading], [], [], LOOK)[0]:
                looks -= 1
            elif part := os.read(reading, 65536):
                told += part
            else:
                over = True
    finally:
        if not over:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if not over:
        return Ended(None, f"it has not ended after {limit:g} s")
    if told:
        return Ended(json.loads(told), "")
    if os.WIFSIGNALED(status):
        return Ended(None, f"a signal ends the process ({signal.Signals(os.WTERMSIG(status)).name})", deadly=True)
    return Ended(None, f"the process ends with status {os.WEXITSTATUS(status)}, as by os._exit()", deadly=True)
