"""A retry is now: worker and application are other processes than the one that retries."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.standing import HoldCause
from pulp_events.outbox.states import State
from pulp_events.testing.http_sink import Answer, HttpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PULP_ADMIN = Path(sys.executable).with_name("pulp-admin")
APPLICATION = """
import sys
from pulp_events import EventBus
with EventBus.open(sys.argv[1], deliver="background") as bus:
    sys.stdin.read()
"""
ANSWERS = {HoldCause.CIRCUIT: Answer(503), HoldCause.PAUSE: Answer(503, {"Retry-After": "36000"})}
WAITING = 20


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "server.conf"
    path.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n[delivery]\nretry_schedule = 10h, 10h\njitter = 0\n")
    return path


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("cause", ANSWERS)
@pytest.mark.parametrize("who", ["worker", "application"])
def test_what_another_process_holds_up_is_attempted_at_once(conf, cause, who):
    environment = {**os.environ, "PULP_EVENTS_CONFIG": str(conf)}
    command = [PULP_ADMIN, "event", "worker"] if who == "worker" else [sys.executable, "-c", APPLICATION, str(conf)]
    pending = DeliveryQuery(state=State.PENDING)
    with HttpSink(ANSWERS[cause]) as sink, EventBus.open(conf, deliver="external") as bus:
        listener = bus.listeners.create("http", {"url": sink.url}, ["*"], name="ci")
        process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE)
        try:
            for _ in range(WAITING):
                bus.emit("repo.sync.start", {"repo_id": "a"})
            until(lambda: (hold := bus.outbox.standing([listener.id])[listener.id].hold) and hold.cause is cause)
            until(lambda: bus.deliveries.count_discarded(pending) == WAITING)  # nothing is under way
            assert any(not each.attempts for each in bus.deliveries.list(pending)), "some only wait for the dispatcher"
            sink.answer = Answer(200)
            retry = [PULP_ADMIN, "event", "delivery", "retry", "--pending", "--listener-id=ci"]
            said = subprocess.run(retry, env=environment, check=True, capture_output=True, text=True).stdout
            assert said == f"{WAITING} deliveries are due now\n"
            until(lambda: bus.deliveries.stats().delivered == WAITING)
        finally:
            process.kill()
            process.communicate()
