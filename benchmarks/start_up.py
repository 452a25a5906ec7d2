"""How long `pulp-admin event listener list` takes, as a ratio to importing the libraries that it stands on.

    python benchmarks/start_up.py [--runs 15] [--limit 1.3]

The two are run in turns, each as a process of its own, and the medians compared: the limit is 1.3. Both have their
modules compiled, as installed packages have, in a folder for bytecode of this run's own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BARE = [sys.executable, "-c", "import marshmallow, tinydb, pluggy, argparse, sqlite3"]
LIST = [str(Path(sys.executable).with_name("pulp-admin")), "event", "listener", "list"]
EVENT_TYPES = ("repo.sync.start", "repo.sync.finish", "*")


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """How long one run of `command` takes."""
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> int:
    """Print the medians and their ratio; 1 if it is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--limit", type=float, default=1.3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "server.conf"
        config.write_text(f"[events]\ndata_dir = {folder / 'data'}\n")
        environment = {**os.environ, "PULP_EVENTS_CONFIG": str(config), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for event_type in EVENT_TYPES:
            create = [*LIST[:-1], "http", "create", f"--event-type={event_type}", "--url=http://ci.example/hook"]
            subprocess.run(create, env=environment, stdout=subprocess.DEVNULL, check=True)
        commands = {"bare imports": BARE, "listener list": LIST}
        times: dict[str, list[float]] = {label: [] for label in commands}
        for command in commands.values():
            seconds(command, environment)  # compiles
        for _ in range(arguments.runs):
            for label, command in commands.items():
                times[label].append(seconds(command, environment))
    medians = {label: statistics.median(values) for label, values in times.items()}
    for label, median in medians.items():
        print(f"{label:<14} {median * 1000:6.1f} ms (median of {arguments.runs}, best {min(times[label]) * 1000:.1f})")
    ratio = medians["listener list"] / medians["bare imports"]
    print(f"ratio          {ratio:6.2f}    (limit {arguments.limit})")
    return int(ratio > arguments.limit)


if __name__ == "__main__":
    sys.exit(main())
