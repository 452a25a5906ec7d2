"""Several processes at once: an author has never more listeners than allowed."""

import subprocess
import sys

import pytest

from pulp_events import Author

CODE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import Net, Free
from pulp_events import Author, EventBus, QuotaExceeded, hookimpl
from pulp_events.plugins.registry import Plugins
class Plugin:
    @hookimpl
    def pulp_notifiers(self):
        return [Net(), Free()]
plugins = Plugins()
plugins.add("test", Plugin())
made = 0
with EventBus.open(sys.argv[2], plugins=plugins, data_dir=sys.argv[3], deliver="external") as bus:
    acting = bus.listeners.by(Author("alice"))
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(6):
        try:
            if number % 3 == 2:
                with acting.together() as several:
                    several.create("net", {}, ["*"])
            else:
                acting.create("net", {}, ["*"])
            made += 1
        except QuotaExceeded:
            pass
print(made, flush=True)
"""


@pytest.mark.slow
def test_processes_that_create_at_once_stay_within_the_quota(open_bus, tmp_path):
    from pathlib import Path

    bus = open_bus(max_listeners=7)
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", CODE, here, str(tmp_path / "server.conf"), str(tmp_path / "data")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    made = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(made) == 7 == len(bus.listeners.by(Author("alice")).list())
