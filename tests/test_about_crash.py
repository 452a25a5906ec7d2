"""Events about events, told by several workers that are killed again and again."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.testing.http_sink import Answer, HttpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PULP_ADMIN = Path(sys.executable).with_name("pulp-admin")
LISTENERS, EVENTS, KILLS = 20, 40, 6


@pytest.fixture
def workers(tmp_path):
    """Starts a worker."""
    running = []
    environment = {**os.environ, "PULP_EVENTS_CONFIG": str(tmp_path / "server.conf")}

    def start():
        with (tmp_path / "workers.log").open("ab") as log:
            command = [PULP_ADMIN, "event", "worker"]
            running.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        return running[-1]

    yield start
    for worker in running:
        worker.kill()
        worker.wait()


def until(condition, seconds=90):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def test_each_failing_listener_is_told_once_and_every_dead_delivery_counted_once(tmp_path, workers):
    conf = tmp_path / "server.conf"
    conf.write_text(
        f"[events]\ndata_dir = {tmp_path / 'data'}\n[about]\nevery = 200ms\nrepeat = 200ms\n"
        "[delivery]\nretry_schedule = 100ms\nlease = 1s\n"
    )
    dice = random.Random(7)
    with HttpSink() as down, HttpSink() as told, EventBus.open(conf, deliver="external") as bus:
        down.answer = lambda request: Answer(503)
        bus.listeners.create("http", {"url": told.url}, ["listener.failing", "delivery.dead"])
        with bus.listeners.together() as edit:
            for _ in range(LISTENERS):
                edit.create("http", {"url": down.url}, ["repo.sync.start"])
        at_work = [workers() for _ in range(3)]
        until(lambda: bus.outbox.notes("about"))  # from then on, it is told
        for _ in range(EVENTS):
            bus.emit("repo.sync.start", {"repo_id": "pulp2"})
        for _ in range(KILLS):
            time.sleep(0.5)
            victim = at_work.pop(dice.randrange(3))
            victim.kill()
            victim.wait()
            at_work.append(workers())

        def events(event_type):
            query = DeliveryQuery(event_type=event_type)
            return [bus.events.get(one.event_id).event for one in bus.deliveries.list(query, limit=5000)]

        def dead():
            query = DeliveryQuery(state=State.DEAD, event_type="repo.sync.start")
            return Counter(one.listener_id for one in bus.deliveries.list(query, limit=5000))

        until(lambda: len(events("listener.failing")) >= LISTENERS and dead())
        # Circuits let single attempts pass: what is pending is given up by the schedule, for as long as we wait.
        time.sleep(5)
        for worker in at_work:
            worker.terminate()
            worker.wait()
        subprocess.run(
            [PULP_ADMIN, "event", "worker", "--drain"],
            env={**os.environ, "PULP_EVENTS_CONFIG": str(conf)},
            check=True,
            capture_output=True,
        )
        failing = Counter(each.payload["listener_id"] for each in events("listener.failing"))
        assert len(failing) == LISTENERS and set(failing.values()) == {1}
        counted = Counter()
        for each in events("delivery.dead"):
            counted[each.payload["listener_id"]] += each.payload["count"]
        assert sum(counted.values()) > 0
        assert counted == dead(), json.dumps([counted, dead()])
