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

SOURCE = """
import json, sys
from pulp_events.testing.import_watch import Watch
from pulp_events.testing.process_state import changes, state
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
    command = [sys.executable, "-c", SOURCE.format(module=module)]
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
