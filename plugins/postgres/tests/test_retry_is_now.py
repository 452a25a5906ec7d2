"""A retry ends what a worker on another connection holds up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.standing import HoldCause
from pulp_events.outbox.states import State
from pulp_events.testing.http_sink import Answer, HttpSink

ANSWERS = {HoldCause.CIRCUIT: Answer(503), HoldCause.PAUSE: Answer(503, {"Retry-After": "36000"})}
WAITING = 20


@pytest.mark.parametrize("cause", ANSWERS)
def test_what_a_worker_holds_up_is_attempted_at_once(conf, eventually, cause):
    with conf.open("a") as file:
        file.write("[delivery]\nretry_schedule = 10h, 10h\njitter = 0\n")
    worker = [Path(sys.executable).with_name("pulp-admin"), "event", "worker"]
    pending = DeliveryQuery(state=State.PENDING)
    with HttpSink(ANSWERS[cause]) as sink, EventBus.open(conf, deliver="external") as bus:
        listener = bus.listeners.create("http", {"url": sink.url}, ["*"], name="ci")
        process = subprocess.Popen(worker, env={**os.environ, "PULP_EVENTS_CONFIG": str(conf)})
        try:
            for _ in range(WAITING):
                bus.emit("repo.sync.start", {"repo_id": "a"})
            eventually(lambda: (hold := bus.outbox.standing([listener.id])[listener.id].hold) and hold.cause is cause)
            eventually(lambda: bus.deliveries.count_discarded(pending) == WAITING)  # nothing is under way
            assert any(not each.attempts for each in bus.deliveries.list(pending)), "some only wait for the dispatcher"
            sink.answer = Answer(200)
            assert sum(bus.deliveries.retry(pending)) == WAITING
            eventually(lambda: bus.deliveries.stats().delivered == WAITING)
        finally:
            process.kill()
            process.wait()
