"""Servers to compare: without the plugin; with it where nobody listens; with it and one webhook listener of all events.

`ENABLED_PLUGINS`, Pulp's own setting, leaves the plugin out; all of them are started the same way.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Row

if TYPE_CHECKING:
    from pulp_events_pulpcore.testing import FileServer, PulpServer

WITHOUT: dict[str, Any] = {"ENABLED_PLUGINS": ["pulp_file", "pulp_certguard"]}
PATIENT: dict[str, Any] = {"WORKER_TTL": 30}
"""Seconds; a busy machine makes no worker count as lost (which is Pulp's default)."""
LOOK = 0.002
"""Seconds between two looks at a task's state; what a wait is measured to."""


@contextlib.contextmanager
def frozen_at_forks() -> Iterator[None]:
    """Workers that are started in the block keep the garbage collector of a task's process off what they hold.

    The plugin does so, too. By this, a server without it is as quick where a task's process would collect all of that:
    what remains is what the plugin itself costs.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "sitecustomize.py").write_text(
            "import gc, os\nos.register_at_fork(before=gc.freeze, after_in_parent=gc.unfreeze)\n"
        )
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = before


def missing() -> Row | None:
    """A row that says why nothing can be measured here."""
    absent = [name for name in ("pulpcore", "pulp_events_pulpcore") if importlib.util.find_spec(name) is None]
    if not absent:
        return None
    why = f"{', '.join(absent)} not installed; scripts/setup pulpcore, then .venv-pulpcore/bin/python -m benchmarks"
    return Row(f"skipped: Pulp 3: {why}", "–", "–", None, "–", None)


def commas(count: int) -> str:
    """A count, as a document has it."""
    return f"{count:,}"


@dataclass
class Subject:
    """A server, and a repository that is synchronized again and again, always anew from three files."""

    name: str
    pulp: PulpServer
    files: FileServer
    remote: str
    number: int = 0

    def sync(self) -> float:
        """Make a repository and synchronize it; seconds from before the request to when its task's end can be seen."""
        self.number += 1
        # Files that no repository has yet: each sync then does the same work.
        self.files.files = {f"{each}.iso": f"{self.name} {self.number} {each}\n".encode() for each in (1, 2, 3)}
        repository = self.pulp.repository(f"{self.name}-{self.number}")
        with self.pulp.database.connect() as connection:
            started = time.perf_counter()
            href = self.pulp.api(f"{repository}sync/", {"remote": self.remote})["task"]
            key = href.rstrip("/").rpartition("/")[2]
            while True:
                found = connection.execute("SELECT state FROM core_task WHERE pulp_id = %s", [key]).fetchone()
                if found is not None and found[0] not in ("waiting", "running", "canceling"):
                    break
                time.sleep(LOOK)
            took = time.perf_counter() - started
        if found[0] != "completed":
            raise RuntimeError(f"{self.name}: the sync is {found[0]}: {self.pulp.api(href)['error']}")
        return took


@contextlib.contextmanager
def subject(name: str, *, deliver: bool = False, **settings: Any) -> Iterator[Subject]:
    """A server that has synchronized a few times already."""
    from pulp_events_pulpcore.testing import FileServer, PulpServer

    files = FileServer()
    pulp = PulpServer({**PATIENT, **settings}, deliver=deliver)
    try:
        found = Subject(name, pulp, files, pulp.remote("files", files.url))
        for _ in range(3):
            found.sync()
        yield found
    finally:
        pulp.close()
        files.close()
