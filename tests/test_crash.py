"""10,000 deliveries while workers and emitting processes are killed at 50 random moments: nothing is lost.

Endpoints work, answer 500, or hang. Every event that an `emit` returned for reaches each working endpoint and stands as
delivered or dead for every listener; what arrives twice is no more than what was under way at the kills.
"""

import contextlib
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections import Counter

import pytest

from pulp_events import EventBus
from pulp_events.outbox.states import State
from pulp_events.testing.http_sink import Answer, HttpSink

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = 50
EVENTS = 3_200
"""Emitted while processes are killed; then more, until DELIVERIES are owed for those that `emit` returned for."""
DELIVERIES = 10_000
WORKING = 3
CONCERNED = {"repo.sync.start": WORKING, "repo.publish.start": WORKING + 1, "repo.publish.finish": WORKING + 2}
"""How many listeners an event of each type concerns."""

EMITTER = """
    import sys, time
    from pulp_events import EventBus
    with EventBus.open(deliver="external") as bus:
        for line in sys.stdin:
            event = bus.emit(line.strip(), {"padding": "x" * 300})
            print(event.id, event.event_type, flush=True)
"""
WORKER = """
    import sys
    from pulp_events import EventBus
    from pulp_events.worker.worker import Worker
    sys.exit(Worker(EventBus.open).run())
"""


class Scene:
    """The processes, and what the test knows of the events that were emitted."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "PULP_EVENTS_CONFIG": str(folder / "server.conf")}
        self.acknowledged = {}
        self.processes = []

    def start(self, code):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def emit(self, emitter, event_type):
        """One event; False if the emitter was killed before it said that it had stored it."""
        try:
            emitter.stdin.write(f"{event_type}\n")
            line = emitter.stdout.readline()
        except (BrokenPipeError, ValueError):
            return False
        if not line.endswith("\n"):
            return False
        event_id, event_type = line.split()
        self.acknowledged[event_id] = event_type
        return True

    def owed(self):
        """Deliveries of the events that were acknowledged."""
        return sum(CONCERNED[event_type] for event_type in self.acknowledged.values())

    def leased(self, pid):
        """Deliveries that a dead worker had under way."""
        connection = sqlite3.connect(self.folder / "data" / "outbox.sqlite", timeout=30)
        found = connection.execute("SELECT count(*) FROM pulp_delivery WHERE lease LIKE ?", (f"{pid}.%",)).fetchone()[0]
        connection.close()
        return found


def answer_by_path(calm):
    dice = random.Random(1)

    def answer(request):
        if calm or request.path.startswith("/working"):
            return Answer(200)
        if request.path == "/failing":
            return Answer(500) if dice.random() < 0.8 else Answer(200)
        return Answer(fault="hang")

    return answer


def test_nothing_is_lost_to_50_kills(tmp_path):
    calm = []
    dice = random.Random(20261124)
    scene = Scene(tmp_path)
    (tmp_path / "server.conf").write_text(
        f"[events]\ndata_dir = {tmp_path / 'data'}\n"
        "[delivery]\nlease = 2s\nretry_schedule = 0.2s, 0.5s, 1s, 1s\n[http]\ntimeout = 60s\n"
    )
    with HttpSink(lambda request: answer_by_path(calm)(request)) as sink:
        with EventBus.open(tmp_path / "server.conf", deliver="external") as bus:
            listeners = {
                f"/working-{n}": bus.listeners.create("http", {"url": f"{sink.url}/working-{n}"}, ["repo.#"])
                for n in range(WORKING)
            }
            bus.listeners.create("http", {"url": f"{sink.url}/failing"}, ["repo.publish.*"])
            bus.listeners.create("http", {"url": f"{sink.url}/hanging"}, ["repo.publish.finish"], timeout=1)
        in_flight = chaos(scene, dice)
        calm.append(True)
        for _ in range(2):
            scene.start(WORKER)
        deliveries = settle(tmp_path)
        for process in scene.processes:
            if process.poll() is None:
                scene.kill(process)

        # every acknowledged event stands finished for every listener that it concerns
        by_event = {}
        for delivery in deliveries:
            by_event.setdefault(delivery.event_id, []).append(delivery)
        for event_id, event_type in scene.acknowledged.items():
            assert len(by_event[event_id]) == CONCERNED[event_type]
        assert {delivery.state for delivery in deliveries} <= {"delivered", "dead"}
        assert all(delivery.attempts for delivery in deliveries)
        assert len(deliveries) >= DELIVERIES

        # and it arrived at every working endpoint, under one id
        received = {path: Counter() for path in listeners}
        ids = {}
        for request in sink.requests:
            if request.path in received:
                event_id = request.headers["pulp-event-id"]
                received[request.path][event_id] += 1
                ids.setdefault((request.path, event_id), set()).add(request.headers["pulp-delivery-id"])
        for path, counts in received.items():
            assert set(scene.acknowledged) <= set(counts), f"{path} lacks events"
        assert all(len(found) == 1 for found in ids.values())
        repeats = sum(count - 1 for counts in received.values() for count in counts.values())
        print(json.dumps({"deliveries": len(deliveries), "acknowledged": len(scene.acknowledged), "kills": KILLS,
                          "repeats": repeats, "in flight at the kills": in_flight}))  # fmt: skip
        assert repeats <= in_flight


def chaos(scene, dice):
    """Emit while processes are killed; returns how many deliveries were under way at the kills."""
    workers = [scene.start(WORKER) for _ in range(2)]
    emitter = scene.start(EMITTER)
    kills = in_flight = 0
    kill_at = {dice.randrange(EVENTS) for _ in range(KILLS * 2)}
    kill_at = sorted(dice.sample(sorted(kill_at), KILLS))
    for n in itertools.count():
        if n >= EVENTS and scene.owed() >= DELIVERIES:
            break
        kind = dice.choices(["repo.sync.start", "repo.publish.start", "repo.publish.finish"], [90, 8, 2])[0]
        scene.emit(emitter, kind)
        while kills < KILLS and n >= kill_at[kills]:
            kills += 1
            if dice.random() < 0.3:
                with contextlib.suppress(BrokenPipeError):
                    emitter.stdin.write("repo.sync.start\n")  # killed in the middle of it
                    time.sleep(dice.random() * 0.002)
                scene.kill(emitter)
                emitter = scene.start(EMITTER)
            else:
                place = dice.randrange(len(workers))
                # workers begin slowly compared with the emitter: let them get to work, then kill at any moment
                time.sleep(0.3 + dice.random())
                scene.kill(workers[place])
                in_flight += scene.leased(workers[place].pid)
                workers[place] = scene.start(WORKER)
    for process in (*workers, emitter):
        scene.kill(process)
    return in_flight + sum(scene.leased(worker.pid) for worker in workers)


def settle(folder, timeout=240.0):
    """Wait until nothing is pending; returns all deliveries."""
    deadline = time.monotonic() + timeout
    with EventBus.open(folder / "server.conf", deliver="external") as bus:
        while bus.deliveries.stats().pending:
            assert time.monotonic() < deadline, bus.deliveries.stats()
            time.sleep(0.2)
        found = bus.deliveries.list(limit=100_000)
        # What was counted in all those transactions, finished or not, is what is there.
        assert bus.deliveries.stats().by_listener == {
            id: {state: sum(each.listener_id == id and each.state == state for each in found) for state in State}
            for id in {each.listener_id for each in found}
        }
        return found
