"""Imports and forks: a child must not inherit the lock of a module that another thread was importing.

The interpreter's lock for all imports is looked after by os.fork; the locks of single modules are not. One that another
thread holds at that moment stays held in the child, and whoever imports that module there waits for ever. Threads that
deliver import what they need when they first need it, so that is no rare case just after an application's start.

What is asked here is private to importlib, and the same from Python 3.11 to 3.14. Where it is not there, nothing waits.
"""

from __future__ import annotations

import _imp
import importlib
import threading
import time
from collections.abc import Iterator

LONGEST = 5.0
"""Seconds for which a fork waits for imports of other threads."""


def wait_and_hold() -> None:
    """Wait until no other thread imports, and let none begin before `let_go`; at most `LONGEST` seconds."""
    until = time.monotonic() + LONGEST
    while True:
        _imp.acquire_lock()  # who begins to import a module takes this one first
        if time.monotonic() >= until or not any(_owners_elsewhere()):
            return
        _imp.release_lock()
        time.sleep(0.001)


def let_go() -> None:
    """The end of `wait_and_hold`, by the same thread; in the parent and in the child."""
    _imp.release_lock()


def _owners_elsewhere() -> Iterator[int]:
    me = threading.get_ident()
    held = getattr(getattr(importlib, "_bootstrap", None), "_module_locks", {})
    for reference in [*held.values()]:
        owner = getattr(reference(), "owner", None)
        if owner is not None and owner != me:
            yield owner
