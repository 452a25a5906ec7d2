"""A new URL ends waits of ten hours: by a command, whatever becomes of the worker."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.testing.http_sink import Answer, HttpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PULP_ADMIN = Path(sys.executable).with_name("pulp-admin")
WAITING = 40


class Scene:
    def __init__(self, folder):
        self.environment = {**os.environ, "PULP_EVENTS_CONFIG": str(folder / "server.conf")}
        (folder / "server.conf").write_text(
            f"[events]\ndata_dir = {folder / 'data'}\n[delivery]\nretry_schedule = 10h, 10h\njitter = 0\n"
        )
        self.config = folder / "server.conf"
        self.workers = []

    def admin(self, *words):
        command = [PULP_ADMIN, "event", *words]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def worker(self):
        self.workers.append(subprocess.Popen([PULP_ADMIN, "event", "worker"], env=self.environment))
        return self.workers[-1]

    def waits(self):
        return [each["waits_for"] for each in json.loads(self.admin("delivery", "list", "--json", "--limit=999"))]

    def until(self, condition):
        deadline = time.monotonic() + 90
        while not (found := condition()):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return found


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    yield made
    for worker in made.workers:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("killed", ["before the change", "after it"])
def test_a_wait_of_ten_hours_ends_though_the_worker_is_killed(scene, killed):
    with HttpSink(Answer(503)) as broken, HttpSink() as good:
        scene.admin("listener", "http", "create", "--name=ci", "--event-type=*", f"--url={broken.url}")
        worker = scene.worker()
        with EventBus.open(scene.config, deliver="external") as bus:
            emitted = [bus.emit("repo.sync.start", {"repo_id": "a"}).id for _ in range(WAITING)]
            # What is held up by the circuit is not attempted yet.
            scene.until(lambda: sum(each.attempts for each in bus.deliveries.list(limit=999)) >= 5)
            if killed == "before the change":
                worker.send_signal(signal.SIGKILL)
                worker.wait()
            assert "retry" in {each["cause"] for each in scene.waits()}
            scene.admin("listener", "http", "update", "--listener-id=ci", f"--url={good.url}")
            if killed == "after it":
                worker.send_signal(signal.SIGKILL)
                worker.wait()
            scene.worker()
            scene.until(lambda: bus.deliveries.stats().delivered == WAITING)
            assert bus.deliveries.stats().dead == 0
    assert {request.headers["pulp-event-id"] for request in good.requests} == set(emitted)
