"""Emitting processes are killed at random moments and each emit is repeated until it is acknowledged: stored once each.

Every id stands once in the outbox, with one delivery for each listener, and each receiver has it under one delivery id.
"""

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter

import pytest

from pulp_events import DeliveryQuery, EventBus
from pulp_events.testing.http_sink import HttpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EVENTS = 600
KILLS = 25
CALLERS = 3

EMITTER = """
    import sys
    from pulp_events import EventBus
    with EventBus.open(deliver="external") as bus:
        for line in sys.stdin:
            event = bus.emit("repo.sync.start", {"padding": "x" * 300}, id=line.strip())
            print(event.id, event.time.isoformat(), flush=True)
"""
WORKER = """
    import sys
    from pulp_events import EventBus
    from pulp_events.worker.worker import Worker
    sys.exit(Worker(EventBus.open).run())
"""


class Caller(threading.Thread):
    """Emits all ids, each until it is acknowledged, in a process that is started again whenever it was killed."""

    def __init__(self, environment, ids):
        super().__init__()
        self.environment = environment
        self.ids = ids
        self.process = None
        self.told = {}
        self.repeated = 0

    def run(self):
        for each in self.ids:
            while not self.emit(each):
                self.repeated += 1
        self.process.stdin.close()
        self.process.wait()

    def emit(self, event_id):
        try:
            if self.process is None or self.process.poll() is not None:
                self.process = start(self.environment, EMITTER)
            self.process.stdin.write(f"{event_id}\n")
            line = self.process.stdout.readline()
        except (BrokenPipeError, ValueError):
            self.process.wait()
            return False
        if not line.endswith("\n"):
            self.process.wait()
            return False
        found, moment = line.split()
        assert found == event_id
        self.told.setdefault(event_id, set()).add(moment)
        return True


def start(environment, code):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip


def test_an_emit_that_is_repeated_until_it_is_acknowledged_is_stored_once(tmp_path):
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\ndata_dir = {tmp_path / 'data'}\n")
    environment = {**os.environ, "PULP_EVENTS_CONFIG": str(config)}
    dice = random.Random(20261126)
    ids = [f"id-{n}" for n in range(EVENTS)]
    with HttpSink() as sink, EventBus.open(config, deliver="external") as bus:
        for path in ("one", "two"):
            bus.listeners.create("http", {"url": f"{sink.url}/{path}"}, ["repo.#"])
        worker = start(environment, WORKER)
        callers = [Caller(environment, ids) for _ in range(CALLERS)]
        for each in callers:
            each.start()
        killed = 0
        while killed < KILLS and any(each.is_alive() for each in callers):
            time.sleep(dice.uniform(0.05, 0.5))
            victim = dice.choice(callers).process
            if victim is not None and victim.poll() is None:
                victim.send_signal(signal.SIGKILL)
                killed += 1
        for each in callers:
            each.join()
        assert sum(each.repeated for each in callers) > 0, "no emit was cut off"

        stored = bus.events.list(limit=10 * EVENTS)
        assert sorted(each.id for each in stored) == sorted(ids)
        assert all(each.deliveries == 2 for each in stored)
        times = {each.id: each.time.isoformat() for each in stored}
        assert all(each.told == {event_id: {times[event_id]} for event_id in ids} for each in callers)

        deadline = time.monotonic() + 120
        while bus.deliveries.stats().pending and time.monotonic() < deadline:
            time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
        assert bus.deliveries.count(DeliveryQuery()) == bus.deliveries.stats().delivered == 2 * EVENTS
        received = Counter(
            (request.path, request.headers["pulp-event-id"], request.headers["pulp-delivery-id"])
            for request in sink.requests
        )
        assert len(received) == 2 * EVENTS and set(received.values()) == {1}, "nobody killed the worker"
