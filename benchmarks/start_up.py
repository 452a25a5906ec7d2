"""How long `pulp-admin event listener list` takes, as a ratio to importing the libraries that it stands on, and what
each installed plugin adds to that.

The two are run in turns, each as a process of its own, and the medians compared: the limit is 1.3. Both have their
modules compiled, as installed packages have, in a folder for bytecode of this run's own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row
from pulp_events.plugins.registry import Plugins
from pulp_events_cli.plugin_check import loading_time

BARE = [sys.executable, "-c", "import marshmallow, tinydb, pluggy, argparse, sqlite3"]
LIST = [str(Path(sys.executable).with_name("pulp-admin")), "event", "listener", "list"]
EVENT_TYPES = ("repo.sync.start", "repo.sync.finish", "*")


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """How long one run of `command` takes."""
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def compiled(folder: Path) -> dict[str, str]:
    """The environment, with a place for bytecode of this run's own."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def measure(runs: int) -> dict[str, list[float]]:
    """Seconds of each start, the two commands in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "server.conf"
        config.write_text(f"[events]\ndata_dir = {folder / 'data'}\n")
        environment = {**compiled(folder), "PULP_EVENTS_CONFIG": str(config)}
        for event_type in EVENT_TYPES:
            create = [*LIST[:-1], "http", "create", f"--event-type={event_type}", "--url=http://ci.example/hook"]
            subprocess.run(create, env=environment, stdout=subprocess.DEVNULL, check=True)
        commands = {"bare imports": BARE, "listener list": LIST}
        times: dict[str, list[float]] = {label: [] for label in commands}
        for command in commands.values():
            seconds(command, environment)  # compiles
        for _ in range(runs):
            for label, command in commands.items():
                times[label].append(seconds(command, environment))
    return times


def run() -> Iterator[Row]:
    """The rows."""
    yield from listing()
    yield from loading()


def loading() -> Iterator[Row]:
    """What each installed plugin adds to a start: the fastest of several loads, each in a new process."""
    with tempfile.TemporaryDirectory() as name:
        for plugin in Plugins.load().all:
            assert plugin.entry_point is not None
            how = plugin.name, plugin.entry_point.value, compiled(Path(name))
            runs = [loading_time.measure(*how) for _ in range(15)]
            found = min(runs, key=lambda run: run.seconds)
            what = f"loading the plugin `{plugin.name}`, {len(found.modules)} modules"
            yield Row(what, f"{found.seconds * 1000:.1f} ms", "–", None, "≤ 3 ms", found.seconds <= loading_time.LIMIT)


def listing() -> Iterator[Row]:
    """`listener list` against the bare imports."""
    times = measure(15)
    ours, bare = statistics.median(times["listener list"]), statistics.median(times["bare imports"])
    what = "`listener list`, all plugins installed; importing marshmallow, tinydb, pluggy, argparse and sqlite3"
    yield Row(what, f"{ours * 1000:.0f} ms", f"{bare * 1000:.0f} ms", ours / bare, "≤ 1.3", ours / bare <= 1.3)
