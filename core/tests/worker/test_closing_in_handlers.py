"""`emit` and `close` in a signal handler: served, or a clear error; the process never waits for itself."""

import json
import subprocess
import sys

import pytest

APPLICATION = """
import json, signal, sys, time
from marshmallow import Schema
from pulp_events import EventBus, EventsError, Notifier
from pulp_events.plugins.registry import Plugins

class Quiet(Notifier):
    type_id, config_schema = "quiet", Schema
    def deliver(self, event, config):
        time.sleep(0.0005)

plugins = Plugins()
plugins.add("quiet", Quiet())
mode, folder = sys.argv[1:]
outcomes = []
for number in range(12):
    bus = EventBus.open(deliver=mode, plugins=plugins, data_dir=f"{folder}/{number}")
    bus.listeners.create("quiet", {}, ["*"])
    bus.emit("repo.sync.start")
    closed = []

    def handler(*_):
        try:
            bus.emit("repo.sync.finish")
            outcomes.append("emitted")
        except EventsError as error:
            outcomes.append(str(error)[:60])
        try:
            bus.close(grace=1)
            closed.append(True)
            outcomes.append("closed")
        except EventsError as error:
            outcomes.append(str(error)[:60])

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.01 + number * 0.0007)
    try:
        for _ in range(400):
            bus.emit("repo.sync.start")
    except EventsError as error:
        assert closed, error
    signal.setitimer(signal.ITIMER_REAL, 0)
    bus.close(grace=1)
print(json.dumps(outcomes))
"""


@pytest.mark.parametrize(
    "mode", ["external", *(pytest.param(mode, marks=pytest.mark.slow) for mode in ("background", "inline"))]
)
def test_a_handler_that_emits_and_closes_is_served_or_told_why_not(tmp_path, mode):
    ran = subprocess.run(
        [sys.executable, "-c", APPLICATION, mode, str(tmp_path)], capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    outcomes = json.loads(ran.stdout)
    assert len(outcomes) == 24
    assert set(outcomes) <= {
        "emitted",
        "closed",
        "close() was called from a signal handler, finalizer or hook ",
        "called from a signal handler or finalizer while the same thr",
    }
