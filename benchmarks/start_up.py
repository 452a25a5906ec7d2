"""What `pulp-admin event listener list` costs, as a ratio to importing all that it imports, and to importing only the
libraries that it stands on; which part of that is whose; and what each installed plugin adds to it.

The commands are run in turns, each as a process of its own. The CPU time of each is measured, which other work on the
machine changes little, and the least of all runs compared. All have their modules compiled, as installed packages have,
in a folder for bytecode of this run's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row
from pulp_events.plugins.registry import Plugins
from pulp_events_cli.plugin_check import loading_time

LIMIT = 1.25
PULP_ADMIN = str(Path(sys.executable).with_name("pulp-admin"))
LIST = ("event", "listener", "list")
EMPTY = "pass"
MARSHMALLOW = "import marshmallow"
BARE = "import marshmallow, tinydb, pluggy, argparse, sqlite3"
SCAN = "from pulp_events.plugins.discovery import entry_points; entry_points('pulp_events')"
WITHOUT_SCAN = "import pulp_events.plugins.discovery"
PRINT_IMPORTS = """
import sys
before = {*sys.modules}
from pulp_events_cli.main import main
assert main(sys.argv[1:]) == 0
print(*[name for name in sys.modules if name not in before])
"""
NOT_BY_NAME = ("_frozen_importlib", "ntpath", "nt")
"""Modules that others put into place."""
METADATA = "from importlib.metadata import entry_points; entry_points(group='pulp_events')"
EVENT_TYPES = ("repo.sync.start", "repo.sync.finish", "*")


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """How long one run of `command` takes."""
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def cpu_seconds(command: list[str], environment: dict[str, str]) -> float:
    """CPU time of one run of `command`."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime


def compiled(folder: Path) -> dict[str, str]:
    """The environment, with a place for bytecode of this run's own."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def imports(environment: dict[str, str]) -> str:
    """Code that imports all modules that the list imports, those of plugins too, and spares garbage collection as it
    does."""
    command = [sys.executable, "-c", PRINT_IMPORTS, *LIST]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    names = [name for name in done.stdout.splitlines()[-1].split() if name not in NOT_BY_NAME]
    return "\n".join(["import gc", "gc.disable()", *(f"import {name}" for name in names), "gc.freeze()"])


def measure(runs: int) -> dict[str, float]:
    """The least CPU time of a start, in seconds, for each piece of code and for the list with and without plugins."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "server.conf"
        config.write_text(f"[events]\ndata_dir = {folder / 'data'}\n")
        environment = {**compiled(folder), "PULP_EVENTS_CONFIG": str(config)}
        for event_type in EVENT_TYPES:
            create = [
                PULP_ADMIN,
                "event",
                "listener",
                "http",
                "create",
                f"--event-type={event_type}",
                "--url=http://ci.example/hook",
            ]
            subprocess.run(create, env=environment, stdout=subprocess.DEVNULL, check=True)
        codes = (EMPTY, MARSHMALLOW, BARE, WITHOUT_SCAN, SCAN, METADATA)
        commands = {code: [sys.executable, "-c", code] for code in codes}
        commands["imports"] = [sys.executable, "-c", imports(environment)]
        commands["list"] = [PULP_ADMIN, *LIST]
        commands["list without plugins"] = [PULP_ADMIN, "--no-plugins", *LIST]
        for command in commands.values():
            cpu_seconds(command, environment)  # compiles
        times: dict[str, list[float]] = {label: [] for label in commands}
        for _ in range(runs):
            for label, command in commands.items():
                times[label].append(cpu_seconds(command, environment))
    return {label: min(found) for label, found in times.items()}


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
    """`listener list` against its imports, and its parts."""
    times = measure(25)
    ours, imported, bare = times["list"], times["imports"], times[BARE]
    what = "`listener list`, all plugins installed; importing the modules that it imports: CPU time"
    yield Row(what, shown(ours), shown(imported), ours / imported, f"≤ {LIMIT}", ours / imported <= LIMIT)
    what = "the same; importing only marshmallow, tinydb, pluggy, argparse and sqlite3"
    yield Row(what, shown(ours), shown(bare), ours / bare, "–", True)
    parts = {
        "the interpreter": times[EMPTY],
        "marshmallow": times[MARSHMALLOW] - times[EMPTY],
        "tinydb, pluggy, argparse and sqlite3": bare - times[MARSHMALLOW],
        "core, the command line, and the work": times["list without plugins"] - bare,
        "plugins: finding, importing and checking them": ours - times["list without plugins"],
    }
    for part, found in parts.items():
        yield Row(f"part of it: {part}", shown(found), "–", found / ours, "–", True)
    scan, metadata = times[SCAN] - times[WITHOUT_SCAN], times[METADATA] - times[EMPTY]
    yield Row("finding the plugins; with importlib.metadata", shown(scan), shown(metadata), scan / metadata, "–", True)


def shown(seconds: float) -> str:
    """As milliseconds."""
    return f"{seconds * 1000:.1f} ms"
