"""A real Pulp 3 with and without the plugin: a sync's time, its SQL statements, and 1,400 repositories at once.

It runs in the environment that `scripts/setup pulpcore` makes: `.venv-pulpcore/bin/python -m benchmarks pulp3`, all
parts, or `pulp3.times`, `pulp3.statements`, `pulp3.many` one of them. The servers are those of the plugin's tests
(`PulpServer`), each with a PostgreSQL of its own that does not wait for the disk, so that the plugin's share of a task
is larger than with one that does. `--scale 0.1` takes a tenth of all sizes.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from benchmarks.measure import Row

FILES = ("times", "statements", "many")


def run() -> Iterator[Row]:
    """The rows."""
    for name in FILES:
        yield from importlib.import_module(f"benchmarks.pulp3.{name}").run()
