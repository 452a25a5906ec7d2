"""`event worker list`: who is at work, as an administrator sees it; and `event worker`, which runs one, as before."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from importlib.metadata import version

import pytest

from pulp_events import EventBus
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock

WAIT = 60.0


@contextmanager
def worker(admin, *options):
    command = admin.command("event", "worker", *options)
    process = subprocess.Popen(command, env=admin.environment, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def listed(admin, condition):
    """The list, once it is as wanted."""
    deadline = time.monotonic() + WAIT
    while not condition(found := admin.ok("event", "worker", "list", "--json").json):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_workers_are_listed_while_they_work_and_as_gone_when_they_were_killed(admin):
    assert admin.ok("event", "worker", "list").err == "pulp-admin: note: no process is at work on the outbox\n"
    with worker(admin) as process:
        [one] = listed(admin, len)
        assert (one["state"], one["kind"], one["pid"]) == ("delivering", "worker", process.pid)
        assert one["version"] == version("pulp-events") and "http" in one["notifier_types"]
        process.kill()
        process.wait()
        assert [each["state"] for each in admin.ok("event", "worker", "list", "--json").json] == ["gone"]
    with worker(admin) as process:
        listed(admin, lambda found: [each["state"] for each in found] == ["delivering", "gone"])
        heading, first, second = admin.ok("event", "worker", "list").out.splitlines()
        assert heading.split() == ["STATE", "KIND", "HOST", "PID", "VERSION", "STARTED", "LAST", "SEEN", "IN", "FLIGHT"]
        assert first.startswith("delivering  worker") and second.startswith("gone        worker")
        assert "ago" in first
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) == 0
        assert [each["state"] for each in admin.ok("event", "worker", "list", "--json").json] == ["gone"]


def test_where_it_cannot_be_read_who_is_at_work_that_is_said_and_deliveries_are_listed(admin, refused):
    admin.listener("http", "create", "--event-type=*", f"--url=http://{refused}/")
    admin.ok("event", "emit", "repo.sync.start", "--payload", '{"repo_id": "pulp2"}', "--no-wait")
    place = admin.data / "outbox.sqlite.workers"
    shutil.rmtree(place, ignore_errors=True)
    place.write_text("")
    for words, code in ((("worker", "list"), 1), (("health", "--live"), 1), (("delivery", "list"), 0)):
        run = admin("event", *words)
        assert run.code == code, run
        assert code == 0 or f"{place} cannot be read" in " ".join((run.out + run.err).split()), run


@pytest.mark.slow
def test_each_worker_of_a_pool_is_listed_and_none_is_left_when_it_ends(admin):
    with worker(admin, "--processes=2") as pool:
        found = listed(admin, lambda found: len(found) == 2)
        assert pool.pid not in {each["pid"] for each in found}
        assert {each["kind"] for each in found} == {"worker"}
        pool.send_signal(signal.SIGTERM)
        assert pool.wait(WAIT) == 0
    assert admin.ok("event", "worker", "list", "--json").json == []


def test_an_application_that_only_emits_is_told_from_one_that_delivers(admin):
    clock = FakeClock(time.time(), time.monotonic())
    with EventBus.open(admin.config, deliver="external", plugins=Plugins(), clock=clock) as bus:
        clock.advance(60)
        bus.emit("repo.sync.start")
        [one] = admin.ok("event", "worker", "list", "--json").json
        assert (one["state"], one["kind"], one["delivers"]) == ("emitting", "application", False)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["lst"], "did you mean 'list'?"),
        (["--proceses=2"], "did you mean '--processes'?"),
        (["--processes=2", "--drian"], "unknown option --drian; did you mean '--drain'?"),
        (["--processes=2", "list"], "the options before `list`"),
        (["--processes=257"], "'257' is too large; write a number from 1 to 256"),
        (["--processes=1000000", "--print-unit"], "is too large; write a number from 1 to 256"),
        (["list", "--drain"], "unknown option --drain"),
        (["list", "me"], "unexpected argument 'me'"),
    ],
)
def test_what_is_misspelt_is_told_apart(admin, words, text):
    run = admin("event", "worker", *words)
    assert run.code == 2 and text in run.err, run.err
