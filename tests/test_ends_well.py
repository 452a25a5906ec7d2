"""Programs and frameworks that are told to stop: each acknowledged event is delivered, and no bus is left unclosed."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pulp_events import EventBus
from pulp_events.testing.http_sink import HttpSink

EXAMPLES = Path(__file__).parents[1] / "examples/ending"
BIN = Path(sys.executable).parent
UNCLOSED = "was not closed before the process ended"


@pytest.fixture
def sink():
    with HttpSink() as sink:
        yield sink


@pytest.fixture
def bus_settings(tmp_path, sink):
    """The environment of a program: with a data folder in which there is a listener."""
    with EventBus.open(settings={"events": {"data_dir": tmp_path / "data"}}, deliver="external") as bus:
        bus.listeners.create("http", {"url": sink.url}, ["repo.#"])
    given = {name: text for name, text in os.environ.items() if not name.startswith("PULP_EVENTS")}
    return {**given, "PULP_EVENTS__EVENTS__DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(EXAMPLES)}


@pytest.fixture
def started(bus_settings, tmp_path):
    """Starts a command; what it says goes to a file."""
    running = []

    def start(*command, handles=(), **environment):
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [str(each) for each in command], cwd=EXAMPLES, env={**bus_settings, **environment},
                stdout=subprocess.PIPE, stderr=log, text=True, pass_fds=handles,
            )  # fmt: skip
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def stopped(tmp_path, sink):
    """Stops a process, and sees to it that it ended well and what it had acknowledged was delivered: event ids that
    `acknowledged` returns of what it printed since."""

    def stop(process, acknowledged, number=signal.SIGTERM, code=0):
        process.send_signal(number)
        rest, _ = process.communicate(timeout=60)
        log = (tmp_path / "log").read_text()
        assert process.returncode == code, log
        assert UNCLOSED not in log and log.count("Traceback") == log.count("\nKeyboardInterrupt"), log
        ids = {*acknowledged(rest)}
        with EventBus.open(settings={"events": {"data_dir": tmp_path / "data"}}, deliver="inline") as bus:
            assert not [each for each in bus.workers() if each.gone]
            bus.deliver_due()  # nothing is leased to who is gone: what is left is due now
            assert {each.event_id for each in bus.deliveries.list() if each.state != "delivered"} == set()
        assert ids and ids <= {request.headers["pulp-event-id"] for request in sink.requests}

    return stop


def moment():
    return random.SystemRandom().uniform(0.05, 0.6)


@pytest.fixture
def listening():
    """A socket for a server to be started: the port is taken from the first, and by nobody else."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as found:
        yield found


def ask(url):
    """Event ids that a server acknowledged until a random moment."""
    deadline, acknowledged = time.monotonic() + 60, []
    while not acknowledged:
        try:
            acknowledged.append(urllib.request.urlopen(f"{url}/sync/first").read().decode())
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    until = time.monotonic() + moment()
    while time.monotonic() < until:
        acknowledged.append(urllib.request.urlopen(f"{url}/sync/more").read().decode())
    return acknowledged


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_plain_program(started, stopped, number):
    program = started(sys.executable, "script.py")
    first = program.stdout.readline().strip()
    time.sleep(moment())
    stopped(
        program, lambda rest: [first, *rest.split()], number, code=0 if number == signal.SIGTERM else -signal.SIGINT
    )


@pytest.mark.slow
def test_uvicorn(started, stopped, listening):
    handle = listening.fileno()
    server = started(BIN / "uvicorn", "asgi_app:app", "--fd", handle, "--log-level", "warning", handles=[handle])
    ids = ask(f"http://127.0.0.1:{listening.getsockname()[1]}")
    stopped(server, lambda _: ids, code=-signal.SIGTERM)  # it raises the signal again, once done


@pytest.mark.slow
def test_gunicorn(started, stopped, listening):
    handle = listening.fileno()
    server = started(BIN / "gunicorn", "wsgi_app:app", "--bind", f"fd://{handle}", "--workers", "3", handles=[handle])
    ids = ask(f"http://127.0.0.1:{listening.getsockname()[1]}")
    stopped(server, lambda _: ids)


LIMITED = """
import os
import tasks
from celery.exceptions import SoftTimeLimitExceeded
from tasks import app

def note(name, text):
    with open(os.environ[name], "a") as file:
        file.write(text + "\\n")

@app.task(soft_time_limit=1)
def emit_until_told(number):
    try:
        while True:
            note("EMITTED", tasks.bus.emit("repo.sync.start", {"repo_id": f"{number}"}).id)
    except SoftTimeLimitExceeded:
        note("EMITTED", tasks.bus.emit("repo.sync.finish", {"repo_id": f"{number}"}).id)
        note("LIMITED", f"{number}")
"""


@pytest.mark.slow
def test_celery_with_soft_time_limits(started, stopped, tmp_path, bus_settings):
    (tmp_path / "queue").mkdir()
    (tmp_path / "limited.py").write_text(LIMITED)
    own = {
        "EMITTED": str(tmp_path / "emitted"), "LIMITED": str(tmp_path / "limited"), "QUEUE": str(tmp_path / "queue"),
        "BROKER": "filesystem://", "PYTHONPATH": f"{EXAMPLES}{os.pathsep}{tmp_path}",
    }  # fmt: skip
    worker = started(BIN / "celery", "-A", "limited", "worker", "--concurrency", "2", "--loglevel", "error", **own)
    caller = "import limited\nfor n in range(12): limited.emit_until_told.delay(n)"
    subprocess.run([sys.executable, "-c", caller], cwd=EXAMPLES, env={**bus_settings, **own}, check=True, timeout=60)
    deadline, limited = time.monotonic() + 90, tmp_path / "limited"
    while not limited.exists() or len(limited.read_text().split()) < 12:
        assert time.monotonic() < deadline, (tmp_path / "log").read_text()
        time.sleep(0.1)
    assert sorted(map(int, limited.read_text().split())) == [*range(12)]
    stopped(worker, lambda _: (tmp_path / "emitted").read_text().split())


@pytest.mark.slow
def test_celery(started, stopped, tmp_path, bus_settings):
    (tmp_path / "queue").mkdir()
    own = {"EMITTED": str(tmp_path / "emitted"), "QUEUE": str(tmp_path / "queue"), "BROKER": "filesystem://"}
    worker = started(BIN / "celery", "-A", "tasks", "worker", "--concurrency", "2", "--loglevel", "error", **own)
    caller = "import tasks, sys\nfor n in range(200): tasks.sync.delay(f'repo-{n}')"
    subprocess.run([sys.executable, "-c", caller], cwd=EXAMPLES, env={**bus_settings, **own}, check=True, timeout=60)
    deadline = time.monotonic() + 60
    while not (tmp_path / "emitted").exists():
        assert time.monotonic() < deadline, (tmp_path / "log").read_text()
        time.sleep(0.05)
    time.sleep(moment())
    stopped(worker, lambda _: (tmp_path / "emitted").read_text().split())
