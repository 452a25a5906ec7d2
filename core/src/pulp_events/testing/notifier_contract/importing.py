"""What importing a module does, found in an interpreter of its own."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from pulp_events.testing.import_watch import printed
from pulp_events.testing.process_state import BY_LIBRARIES

SOURCE = """
import contextlib, importlib, json, sys
from pulp_events.testing.import_watch import Watch
from pulp_events.testing.process_state import changes, state
for name in {first}:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
modules, before = set(sys.modules), state()
with Watch() as watch:
    import {module}
found = [sorted(set(sys.modules) - modules), changes(before, state()) + watch.seen]
sys.__stdout__.write("\\n" + json.dumps(found))
"""
LIMIT = 60.0


@dataclass(frozen=True)
class Imported:
    """What importing a module did."""

    modules: Sequence[str]
    """Those that it imported."""

    changes: Sequence[str]
    """What it changed of the process, or did beyond it, each with a remedy."""


@functools.cache
def imported(module: str) -> Imported:
    """Import it in another interpreter. Fails the test where that cannot be done."""
    found = _import(module)
    if not any(_by_libraries(change) for change in found.changes):
        return found
    package = module.partition(".")[0]
    libraries = [name for name in found.modules if name.partition(".")[0] != package]
    without_them = _import(module, libraries)
    its_own = [change for change in found.changes if not _by_libraries(change)]
    return Imported(found.modules, its_own + [change for change in without_them.changes if _by_libraries(change)])


def _by_libraries(change: str) -> bool:
    return change.startswith(tuple(BY_LIBRARIES))


def _import(module: str, first: Sequence[str] = ()) -> Imported:
    """`first`: modules that are there already."""
    command = [sys.executable, "-c", SOURCE.format(module=module, first=list(first))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        pytest.fail(f"importing {module} has not ended after {LIMIT:g} s", pytrace=False)
    try:
        *before, last = done.stdout.splitlines()
        modules, changes = json.loads(last)
    except (IndexError, ValueError):
        pytest.fail(f"importing {module} ends Python with status {done.returncode}: {done.stderr}", pytrace=False)
    return Imported(modules, [*changes, *printed(*before, done.stderr)])
