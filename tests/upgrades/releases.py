"""Runs workers and emitting processes of an earlier release, or of this one, on one store."""

import contextlib
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

from packaging.version import Version

RELEASES = Path(__file__).with_name("releases")
NOW = None
"""In place of the name of a release: this one."""
LAST = max((path.name.removesuffix(".tar.xz") for path in RELEASES.glob("*.tar.xz")), key=Version)
"""The release before this one."""

WORKER = """
import sys
from pulp_events import EventBus, EventsError
from pulp_events.worker.worker import Worker
try:
    code = Worker(lambda: EventBus.open(sys.argv[1])).run()
except EventsError as error:
    code = f"worker: {error}"
sys.exit(code)
"""
MAKER = """
import sys
from pulp_events import EventBus
with EventBus.open(sys.argv[1], deliver="external") as bus:
    for line in sys.stdin:
        bus.listeners.create("http", {"url": line.strip()}, ["repo.sync.start"])
"""
EMITTER = """
import sys
from pulp_events import EventBus, EventsError
try:
    with EventBus.open(sys.argv[1], deliver="external") as bus:
        for line in sys.stdin:
            print(bus.emit("repo.sync.start", {"repo_id": line.strip()}).id, flush=True)
except EventsError as error:
    sys.exit(f"emitter: {error}")
"""


class Releases:
    """Starts processes; `names`: releases that are unpacked into `folder`."""

    def __init__(self, folder, *names):
        self.paths = {name: folder / name for name in names}
        for name, path in self.paths.items():
            with tarfile.open(RELEASES / f"{name}.tar.xz") as archive:
                archive.extractall(path, filter="data")
        self.processes = []

    def start(self, name, code, config):
        """A process of a release, with the libraries that are installed here. The `-S` keeps our own sources away,
        which are installed as links."""
        command, environment = [sys.executable], dict(os.environ)
        if name is not NOW:
            libraries = [path for path in sys.path if path.endswith("site-packages")]
            environment["PYTHONPATH"] = os.pathsep.join([str(self.paths[name]), *libraries])
            command.append("-S")
        process = subprocess.Popen(
            [*command, "-c", code, str(config)], env=environment, text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        process.release = name
        self.processes.append(process)
        return process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            kill(process)


def kill(process):
    """SIGKILL, if it has not ended."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        with contextlib.suppress(BrokenPipeError, ValueError):
            stream.close()


def end(process, timeout=60):
    """Wait for its end; returns its exit status and the last line of what it said."""
    _, said = process.communicate(timeout=timeout)
    return process.returncode, said.strip().splitlines()[-1] if said.strip() else ""


def emit(emitter, text):
    """Emit one event; returns its id, None if the process ended before it said that the event is stored."""
    try:
        emitter.stdin.write(f"{text}\n")
        line = emitter.stdout.readline()
    except (BrokenPipeError, ValueError):
        return None
    return line.strip() if line.endswith("\n") else None
