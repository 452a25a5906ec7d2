"""Events that expire, while workers are killed at random moments: none is sent late, and each is delivered or dead."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter

import pytest

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.testing.http_sink import Answer, HttpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

KILLS = 12
EVENTS = 400
LATE = 5.0
"""Seconds between the beginning of an attempt, which is in time, and its request: the machine may be busy."""

WORKER = """
import sys
from pulp_events import EventBus
from pulp_events.worker.worker import Worker
sys.exit(Worker(EventBus.open).run())
"""


def test_nothing_is_sent_late_and_nothing_is_lost(tmp_path):
    config = tmp_path / "server.conf"
    delivery = "[delivery]\nlease = 2s\nretry_schedule = 1s, 1s, 1s, 1s, 1s, 1s, 1s\n"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n{delivery}")
    environment = {**os.environ, "PULP_EVENTS_CONFIG": str(config)}
    dice = random.Random(7)

    def start():
        return subprocess.Popen([sys.executable, "-c", WORKER], env=environment)

    failing = HttpSink(lambda request: Answer(503) if dice.random() < 0.5 else Answer())
    with HttpSink() as working, failing, EventBus.open(config, deliver="external") as bus:
        bus.listeners.create("http", {"url": working.url}, ["*"], rate="60/s")
        bus.listeners.create("http", {"url": failing.url}, ["*"], expires=4)
        workers = [start() for _ in range(3)]
        emitted, expires = {}, {}
        try:
            for number in range(EVENTS):
                seconds = dice.choice([1.5, 3.0, 6.0, 60.0])
                emitted[number] = time.time()
                expires[number] = emitted[number] + seconds
                bus.emit("repo.sync.start", {"n": number}, expires=seconds)
                time.sleep(0.01)
                if number % (EVENTS // KILLS) == 0:
                    victim = dice.randrange(len(workers))
                    workers[victim].kill()
                    workers[victim].wait()
                    workers[victim] = start()
            deadline = time.monotonic() + 150
            while bus.outbox.stats().pending:
                assert time.monotonic() < deadline, bus.outbox.stats()
                time.sleep(0.2)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        for sink, own in ((working, 60.0), (failing, 4.0)):
            for request in sink.requests:
                number = json.loads(request.body)["payload"]["n"]
                assert request.time < min(expires[number], emitted[number] + own) + LATE
        found = bus.deliveries.list(DeliveryQuery(), limit=2 * EVENTS + 1)
        for one in found:
            for each in bus.deliveries.attempts(one.id):  # one that was lost stands there with when that was found
                assert each.outcome == "lost" or each.started < one.expires, "an attempt that began late"
    assert len(found) == 2 * EVENTS
    states = Counter(one.state.value for one in found)
    assert set(states) == {"delivered", "dead"} and states["dead"] > 10, states
    reasons = Counter(one.detail.partition("\n")[0].split("; ")[-1] for one in found if one.state == "dead")
    assert set(reasons) <= {"expired before it was delivered", "it expires before the next attempt"}, reasons
