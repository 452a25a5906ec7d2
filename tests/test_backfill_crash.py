"""A backfill that is killed at random moments, beside emitters and workers that are killed too: none twice, none lost.

One delivery stands for each event and listener, whatever was killed, however often the command was run, and though
two of them run at once. What is emitted under an id of its own, again after each kill, is one event.
"""

import contextlib
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.testing.http_sink import HttpSink

sys.path.insert(0, str(Path(__file__).parent))
from test_crash import WORKER, Scene, settle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BEFORE = 3_000
"""Events that are stored before the listener is made."""
MEANWHILE = 400
"""Events that are emitted while it is filled."""
KILLS = 40

EMITTER = """
    import sys
    from pulp_events import EventBus
    with EventBus.open(deliver="external") as bus:
        for line in sys.stdin:
            number = int(line)
            event = bus.emit("repo.sync.start", {"repo_id": f"r{number}", "n": number}, id=f"meanwhile-{number}")
            print(event.id, event.event_type, flush=True)
"""
BACKFILL = """
    import sys
    from datetime import UTC, datetime, timedelta
    from pulp_events import EventBus
    with EventBus.open(deliver="external") as bus:
        now = datetime.now(UTC)
        for step in bus.backfill("new", since=now - timedelta(days=1), rate=sys.argv[1] if sys.argv[1:] else None):
            print(step.added, step.there, flush=True)
        print("done", flush=True)
"""


def test_a_backfill_that_is_killed_stores_one_delivery_for_each_event(tmp_path):
    dice = random.Random(20261126)
    scene = Scene(tmp_path)
    (tmp_path / "server.conf").write_text(
        f"[events]\ndata_dir = {tmp_path / 'data'}\nkeep = all\n[delivery]\nlease = 2s\nretry_schedule = 0.2s, 1s, 1s\n"
    )
    with HttpSink() as sink:
        with EventBus.open(tmp_path / "server.conf", deliver="external") as bus:
            old = bus.listeners.create("http", {"url": f"{sink.url}/old"}, ["repo.#"], filter="payload.n < `100`")
            for start in range(0, BEFORE, 500):
                numbers = range(start, start + 500)
                bus.emit_many(
                    [(("repo.sync.start", "repo.publish.start")[n % 3 == 0], {"repo_id": "r", "n": n}) for n in numbers]
                )
            new = bus.listeners.create(
                "http", {"url": f"{sink.url}/new"}, ["repo.sync.*"], filter="payload.n != `7`", name="new"
            )
        interrupted = chaos(scene, dice)
        for _ in range(2):
            scene.start(WORKER)
        last = finish(scene)
        deliveries = settle(tmp_path)
        for process in scene.processes:
            if process.poll() is None:
                scene.kill(process)
        with EventBus.open(tmp_path / "server.conf", deliver="external") as bus:
            events = list(bus.events.each())
        wanted = {
            each.id for each in events if each.event_type == "repo.sync.start" and each.event.payload["n"] != 7
        }  # fmt: skip
        assert len(wanted) == BEFORE * 2 // 3 - 1 + MEANWHILE - 1
        counts = Counter((each.event_id, each.listener_id, each.target) for each in deliveries)
        assert set(counts.values()) == {1}, "no event has two for one listener"
        assert {event_id for event_id, listener, _ in counts if listener == new.id} == wanted
        assert {each.state for each in deliveries} == {"delivered"}
        arrived = {request.headers["pulp-event-id"] for request in sink.requests if request.path == "/new"}
        assert arrived == wanted
        assert sum(listener == old.id for _, listener, _ in counts) == 100 + 100
        print(json.dumps({"events": len(events), "deliveries": len(deliveries), "kills": KILLS,
                          "backfills that were killed": interrupted, "last run": last}))  # fmt: skip
        assert interrupted >= 10


def chaos(scene, dice):
    """Emit and fill while processes are killed; returns how many backfills were killed before they were done."""
    emitter, workers = scene.start(EMITTER), [scene.start(WORKER)]
    filling = [start_backfill(scene) for _ in range(2)]
    interrupted = number = 0
    for kill in range(KILLS):
        for _ in range(MEANWHILE // KILLS):
            while not scene.emit(emitter, str(number)):
                emitter = scene.start(EMITTER)
            number += 1
        time.sleep(dice.random() * 0.5)
        victim = dice.choices(["backfill", "emitter", "worker"], [6, 2, 1])[0]
        if victim == "backfill":
            place = dice.randrange(2)
            interrupted += filling[place].poll() is None
            scene.kill(filling[place])
            filling[place] = start_backfill(scene)
        elif victim == "emitter":
            with contextlib.suppress(BrokenPipeError):
                emitter.stdin.write(f"{number}\n")  # killed in the middle of it, and emitted again
                time.sleep(dice.random() * 0.002)
            scene.kill(emitter)
            emitter = scene.start(EMITTER)
        else:
            scene.kill(workers[0])
            workers = [scene.start(WORKER)]
        if kill == KILLS // 2:
            time.sleep(1)
    for process in (*workers, *filling, emitter):
        scene.kill(process)
    return interrupted


def start_backfill(scene):
    return scene.start(BACKFILL.replace("sys.argv[1] if sys.argv[1:] else None", '"150/s"'))


def finish(scene):
    """Run it once more to its end, and again: the second one has nothing to add."""
    for _ in range(2):
        process = scene.start(BACKFILL)
        *_, last, done = process.communicate(timeout=120)[0].split("\n")[:-1]
        assert done == "done" and process.returncode == 0
    assert last.startswith("0 ")
    return last
