"""Each example, as its file is started by hand, is sent events by a real bus: once, again, and by somebody else."""

import http.client
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events_http.signing import Signer
from pulp_events_http.signing_keys import generate

EXAMPLES = Path(__file__).parents[1] / "examples"
SECRET = generate()
UNCOUNTED = (
    {}, {"repo_id": "pulp2"}, {"added_count": 1}, {"repo_id": 7, "added_count": 1}, {"repo_id": [], "added_count": {}},
    {"repo_id": "pulp2", "added_count": "x"}, {"repo_id": "pulp2", "added_count": None},
    {"repo_id": "pulp2", "added_count": 2**70}, {"repo_id": "pulp\0", "added_count": 1},
)  # fmt: skip
"""Payloads that an application may emit as well."""


@contextmanager
def started(name, database, port, log):
    """The example, serving."""
    environment = {**os.environ, "WEBHOOK_SECRET": f"{generate()} {SECRET}", "PORT": str(port)}
    command = [sys.executable, EXAMPLES / f"{name}_receiver.py"]
    if name == "django":
        environment["DATABASE"] = str(database)
        subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True, timeout=100)
        command += ["runserver", "--noreload", str(port)]
    else:
        command.append(f"sqlite:///{database}" if name == "fastapi" else str(database))
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def post(port, headers, body):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", "/hook", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("name", ["flask", "fastapi", "django"])
def test_an_example_applies_each_event_once_and_refuses_what_is_not_signed(name, tmp_path, free_port):
    port, database = free_port, tmp_path / "received.sqlite"
    settings = {"events": {"data_dir": str(tmp_path / "data")}}
    with started(name, database, port, tmp_path / "log"), EventBus.open(settings=settings, deliver="inline") as bus:
        config = {"url": f"http://127.0.0.1:{port}/hook", "secret": SECRET}
        listener = bus.listeners.create("http", config, ["repo.sync.finish"])
        [trial] = bus.test_listener(listener.id)
        assert (trial.outcome, trial.detail[:4]) == ("delivered", "204 ")
        for added in (3, 4):
            event = bus.emit("repo.sync.finish", {"repo_id": "pulp2", "added_count": added})
        assert bus.deliveries.stats().delivered == 2, bus.deliveries.list()
        for payload in UNCOUNTED:
            [uncounted] = bus.wait(bus.emit("repo.sync.finish", payload))
            assert uncounted.detail[:4] == "204 ", (payload, uncounted.detail)

        [delivery] = [each for each in bus.deliveries.list() if each.event_id == event.id]
        plain = {"Content-Type": "application/json"}
        again = plain | Signer({"secret": SECRET}).headers(delivery.id, delivery.report, time.time())
        assert post(port, again, delivery.report) == (204, b"")
        status, answer = post(port, plain, delivery.report)
        assert (status, json.loads(answer)) == (401, {"error": "not signed: the header webhook-id is missing"})
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT * FROM synced").fetchall() == [("pulp2", 7)]


@pytest.mark.parametrize("name", ["flask", "fastapi", "django"])
def test_an_example_is_short(name):
    lines = (EXAMPLES / f"{name}_receiver.py").read_text("utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 60
