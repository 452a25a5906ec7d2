"""What arrives at a real HTTP endpoint, through a real `pulp-admin event worker`, of what a real Pulp does."""

import json
import signal
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest

from pulp_events.testing import HttpSink

IMPATIENT = "from pulpcore.tasking import entrypoint, worker; worker.WORKER_CLEANUP_INTERVAL = 1; entrypoint.worker()"
"""A worker that looks at each heartbeat whether another one died, in place of at every hundredth."""


class Heard:
    """A listener with an endpoint of its own. `of(…)`: what arrived, in order; each event is to arrive once."""

    def __init__(self, pulp, *types, options=()):
        self.pulp = pulp
        self.sink = HttpSink()
        words = [word for each in types or ("*",) for word in ("--event-type", each)]
        create = ("--json", "event", "listener", "http", "create", "--url", self.sink.url, "--lanes", "1")
        self.listener = json.loads(pulp.run("pulp-admin", *create, *words, *options))["id"]
        time.sleep(0.6)  # for which a process may believe that it knows the listeners

    @property
    def reports(self):
        return [json.loads(each.body) for each in list(self.sink.requests)]

    def has_stored(self, event_type, text):
        """Whether the outbox has an event of this type for this listener in which the text is: a name or an id."""
        stored = self.pulp.reports_for(self.listener)
        return any(each["event_type"] == event_type and text in json.dumps(each) for each in stored)

    def all(self, timeout=20):
        """All that there is to come: those that the outbox has, each of which has to arrive exactly once."""
        deadline = time.monotonic() + timeout
        with self.pulp.database.connect() as database:
            sql = "SELECT 1 FROM pulp_events.pulp_delivery WHERE state = 'pending' AND listener_id = %s"
            while database.execute(sql, [self.listener]).fetchone():
                assert time.monotonic() < deadline, "deliveries are still pending"
                time.sleep(0.05)
        ids = [each.headers["pulp-delivery-id"] for each in list(self.sink.requests)]
        assert len(ids) == len(set(ids))
        return self.reports

    def of(self, *texts):
        """`(event type, result)` of those in which one of the texts is, such as a name or the id of a task."""
        return [(each["event_type"], each["payload"].get("result")) for each in self.about(*texts)]

    def about(self, *texts):
        return [each for each in self.all() if any(text in json.dumps(each) for text in texts)]


@pytest.fixture
def task_id():
    """A function: the id in the href of a task."""
    return lambda task: task["pulp_href"].rstrip("/").rpartition("/")[2]


@pytest.fixture
def hear(request):
    """A function that makes a `Heard` on the Pulp of the session, or on `pulp=`."""
    made = []

    def make(*types, pulp=None, **arguments):
        heard = Heard(pulp or request.getfixturevalue("pulp"), *types, **arguments)
        made.append(heard)
        return heard

    yield make
    for heard in made:
        heard.pulp.pulp_admin("listener", "delete", "--listener-id", heard.listener)
        heard.sink.close()


@pytest.fixture
def heard(hear):
    """A listener of everything."""
    return hear()


@pytest.fixture
def gate(files):
    """The file server answers no request for the manifest before `gate.set()`; `gate.reached` once one has come."""
    gate = threading.Event()
    gate.reached = threading.Event()

    def before(path):
        gate.reached.set()
        gate.wait(60)

    files.before = before
    yield gate
    gate.set()


@pytest.fixture
def until():
    """A function that waits until another one returns something true."""
    return _until


def _until(condition, timeout=30):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.05)


@pytest.fixture
def second_worker(pulp):
    """A context manager: a worker that soon notices that another one died."""
    return lambda: _second_worker(pulp)


@contextmanager
def _second_worker(pulp, name="worker-impatient"):
    with (pulp.folder / f"{name}.log").open("ab") as log:
        pulp.processes[name] = subprocess.Popen(
            [pulp.bin / "python", "-c", IMPATIENT], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env=pulp.environment, cwd=pulp.folder, start_new_session=True,
        )  # fmt: skip
    try:
        _until(lambda: any(each["name"].startswith(f"{pulp.processes[name].pid}@")
                          for each in pulp.api("status/")["online_workers"]))  # fmt: skip
        yield pulp.processes[name]
    finally:
        pulp.stop(name, signal.SIGTERM)
