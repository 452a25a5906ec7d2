"""10,000 increments while workers and the receiver are killed 50 times each: the sum is exact.

Workers are `pulp-admin event worker`, the receiver is the Flask example, signed and in SQLite, on a real server.
"""

import json
import os
import random
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import closing
from pathlib import Path

import pytest

from pulp_events import EventBus

INCREMENTS = int(os.environ.get("PULP_EVENTS_INCREMENTS", "10000"))
KILLS = int(os.environ.get("PULP_EVENTS_KILLS", "50"))
"""Of each side."""

AHEAD = max(INCREMENTS // 10, 100)
"""Increments that are emitted before their turn, so that whoever is killed is killed at work."""

SERVED = Path(__file__).with_name("served.py")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class Scene:
    def __init__(self, folder):
        self.folder, self.config = folder, folder / "server.conf"
        self.secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
        self.config.write_text(
            f"[events]\ndata_dir = {folder / 'data'}\n"
            f"[delivery]\nlease = 2s\ndurability = normal\nretry_schedule = {', '.join(['0.1s'] * 100)}\n"
        )
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/hook"
        self.database = folder / "receiver.sqlite"

    def worker(self):
        command = Path(sys.executable).with_name("pulp-admin")
        with (self.folder / "worker.log").open("ab") as log:
            return subprocess.Popen([command, "--config", self.config, "event", "worker"], stdout=log, stderr=log)

    def receiver(self):
        with (self.folder / "receiver.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, SERVED, self.database, str(self.listening.fileno())],
                env={**os.environ, "WEBHOOK_SECRET": self.secret}, pass_fds=[self.listening.fileno()],
                stdout=log, stderr=log,
            )  # fmt: skip

    def ask(self, statement):
        with closing(sqlite3.connect(self.database, timeout=60)) as connection:
            return connection.execute(statement).fetchone()[0]

    def logs(self):
        return "\n".join(path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log")))

    def applied(self):
        try:
            return self.ask("SELECT count(*) FROM pulp_events_seen")
        except sqlite3.OperationalError:  # the receiver has not made it yet
            return 0


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def wait_for(condition, logs, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, logs()
        time.sleep(0.01)


def test_the_sum_is_exact_whatever_is_killed(tmp_path):
    began, dice, scene = time.monotonic(), random.Random(20261127), Scene(tmp_path)
    expected = sum(range(INCREMENTS))
    workers, receiver = [scene.worker(), scene.worker()], scene.receiver()
    try:
        with EventBus.open(scene.config, deliver="external") as bus:
            bus.listeners.create("http", {"url": scene.url, "secret": scene.secret}, ["repo.sync.finish"])
            sides, emitted = ["worker", "receiver"] * KILLS, 0
            dice.shuffle(sides)
            moments = sorted(dice.sample(range(INCREMENTS * 19 // 20), len(sides)))
            for side, moment in zip(sides, moments, strict=True):
                ahead = range(emitted, min(moment + AHEAD, INCREMENTS))
                bus.emit_many([("repo.sync.finish", {"repo_id": "pulp2", "added_count": amount}) for amount in ahead])
                emitted = max(emitted, moment + AHEAD)
                wait_for(lambda moment=moment: scene.applied() > moment, scene.logs)
                time.sleep(dice.random() * 0.02)
                if side == "receiver":
                    kill(receiver)
                    receiver = scene.receiver()
                else:
                    place = dice.randrange(len(workers))
                    kill(workers[place])
                    workers[place] = scene.worker()
            wait_for(lambda: not bus.deliveries.stats().pending, scene.logs, 120)
            stats = bus.deliveries.stats()
    finally:
        for process in (*workers, receiver):
            kill(process)
        scene.listening.close()
    assert (stats.pending, stats.dead, stats.delivered) == (0, 0, INCREMENTS)
    dropped = scene.ask("SELECT count(*) FROM dropped")
    print(json.dumps({"increments": INCREMENTS, "kills": 2 * KILLS, "repeats": dropped,
                      "seconds": round(time.monotonic() - began)}))  # fmt: skip
    assert scene.applied() == INCREMENTS
    assert scene.ask("SELECT units FROM synced") == expected
    assert dropped, "nothing was repeated, so nothing was shown"
