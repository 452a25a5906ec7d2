"""`start_pulp`: to migrate takes longer than all the rest, so the tests of a run do it once."""

import fcntl
import os
from pathlib import Path
from typing import Any

from pulp_events_pulpcore.testing.pulp_server import PulpServer


def start_pulp(folder: Path, **arguments: Any) -> PulpServer:
    """A `PulpServer`; all but the first one of a run begin with its migrated database.

    `folder`: pytest's basetemp. The workers of pytest-xdist share one database. Raises Missing.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that all of them have
    with (folder / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # others wait until the first one has migrated
        return PulpServer(kept=folder / "migrated", **arguments)
