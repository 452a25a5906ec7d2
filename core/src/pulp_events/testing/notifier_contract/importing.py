"""What importing a module does, found in an interpreter of its own."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

SOURCE = """
import json, sys, threading
from pulp_events.testing.process_state import changes, state
modules, threads, before, seen = set(sys.modules), threading.active_count(), state(), []
named = {{"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.fork"}}
def hook(event, arguments):
    if event in named:
        seen.append(f"{{event}}; do it when a channel opens")
sys.addaudithook(hook)
import {module}
found = changes(before, state()) + sorted(set(seen))
if threading.active_count() > threads:
    found.append("a thread; start it when a channel opens")
sys.__stdout__.write("\\n" + json.dumps([sorted(set(sys.modules) - modules), found]))
"""
LIMIT = 60.0


@dataclass(frozen=True)
class Imported:
    """What importing a module did."""

    modules: Sequence[str]
    """Those that it imported."""

    changes: Sequence[str]
    """What it changed of the process, each with a remedy."""


@functools.cache
def imported(module: str) -> Imported:
    """Import it in another interpreter. Fails the test where that cannot be done."""
    command = [sys.executable, "-c", SOURCE.format(module=module)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        pytest.fail(f"importing {module} has not ended after {LIMIT:g} s", pytrace=False)
    try:
        printed, _, last = done.stdout.rpartition("\n")
        modules, changes = json.loads(last)
    except ValueError:
        pytest.fail(f"importing {module} ends Python with status {done.returncode}: {done.stderr}", pytrace=False)
    if printed.strip():
        changes.append(f"print({printed.strip()[:60]!r}); log with logging.getLogger(__name__) instead")
    return Imported(modules, changes)
