"""`event delivery tail`: nothing is left out silently, whoever delivers, and it ends as it should."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import threading
import time
from collections import Counter

import pytest

from pulp_events import EventBus
from pulp_events.outbox import following
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.http_sink import HttpSink

TAIL = ("event", "delivery", "tail")


class Tail:
    """A tail in a process of its own; its lines as they come."""

    def __init__(self, admin, *options):
        command = admin.command(*TAIL, "--json", *options)
        self.process = subprocess.Popen(
            command, env=admin.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def until(self, condition, timeout=40.0):
        end = time.monotonic() + timeout
        while not condition(self.lines):
            assert time.monotonic() < end, self.lines[-3:]
            time.sleep(0.05)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self._thread.join(60)
        code = self.process.wait(60)
        error = self.process.stderr.read()
        return code, error


@pytest.fixture
def tail(admin):
    started = []

    def start(*options):
        started.append(Tail(admin, *options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()
        each.process.stdout.close()
        each.process.stderr.close()


@contextlib.contextmanager
def emitting(admin):
    with EventBus.open(admin.config, deliver="external", plugins=Plugins()) as bus:
        yield lambda count, kind="repo.sync.start": bus.emit_many([(kind, {"repo_id": "pulp2"})] * count)


@contextlib.contextmanager
def worker(admin):
    command = admin.command("event", "worker")
    process = subprocess.Popen(command, env=admin.environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ids(lines, state="delivered"):
    return [each["id"] for each in lines if each.get("state") == state]


@pytest.mark.slow
def test_of_two_thousand_quick_ones_each_is_shown_though_the_worker_is_killed_and_some_are_purged(admin, tail):
    admin.configure("[delivery]\nlease = 5s\n")
    with HttpSink() as sink, emitting(admin) as emit:
        admin.listener("http", "create", "--event-type=*", f"--url={sink.url}")
        emit(1)
        watching = tail()
        watching.until(lambda lines: len(lines) == 1)
        with worker(admin) as first:
            emit(700)
            watching.until(lambda lines: len(ids(lines)) > 100)
            first.kill()
        admin.ok("event", "delivery", "purge", "--all")
        emit(1300)
        with worker(admin):
            watching.until(lambda lines: len({*ids(lines, "pending"), *ids(lines)}) == 2001)
            watching.until(lambda lines: ids(lines)[-1:] and len({*ids(lines)}) >= 1300)
        assert not [each for each in watching.lines if "skipped" in each]
        delivered = ids(watching.lines)
        assert len(delivered) == len({*delivered})
        assert watching.end() == (0, "")


def test_more_at_once_than_are_followed_is_said_with_how_many(admin, capsys, monkeypatch):
    monkeypatch.setattr(following, "FOLLOWED", 30)
    admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--disabled")
    with emitting(admin) as emit:
        emit(50)
    lines = [json.loads(line) for line in admin.ok(*TAIL, "--for=0.3s", "--json", "--last=50").out.splitlines()]
    assert len(ids(lines, "pending")) == 50
    assert [each["skipped"] for each in lines if "skipped" in each] == [20]
    run = admin.ok(*TAIL, "--for=0.3s")
    assert "warning: 20 deliveries skipped: more than 30 deliveries are pending" in run.err and "skipped" not in run.out


def test_where_to_go_on_is_known_though_all_that_was_shown_is_purged(admin):
    listener = admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")
    with EventBus.open(admin.config, deliver="external", plugins=Plugins()) as bus:
        follow = following.Following(bus.outbox, following_query())
        follow.begin()
        assert [*follow.look()] == []
        for count in (3, 1200, 1):
            events = bus.emit_many([("repo.sync.start", {"repo_id": "pulp2"})] * count)
            assert [one.event_id for one in follow.look()] == [event.id for event in events]
            assert sum(bus.deliveries.discard(following_query(listener_id=listener), "gone")) == count
            assert sum(bus.deliveries.purge(following_query())) == count
        assert [*follow.look()] == []


def following_query(**parts):
    from pulp_events.outbox.records import DeliveryQuery

    return DeliveryQuery(**parts)


def test_filters_choose_lines_by_what_deliveries_are_and_become(admin, refused):
    one = admin.listener("http", "create", "--event-type=*", f"--url=http://{refused}/", "--name=one", "--label=team=a")
    two = admin.listener("email", "create", "--event-type=repo.sync.*", "--subject=s", "--addresses=a@b.example")
    with emitting(admin) as emit:
        emit(1)
        emit(1, "repo.publish.start")

    def shown(*options):
        lines = [json.loads(line) for line in admin.ok(*TAIL, "--for=0s", "--json", *options).out.splitlines()]
        return [(each["listener_id"], each["event_type"]) for each in lines]

    start, publish = "repo.sync.start", "repo.publish.start"
    assert shown() == [(one, start), (two, start), (one, publish)]
    assert shown("--last=1") == [(one, publish)]
    both = [(one, start), (one, publish)]
    assert shown("--listener-id=one") == shown("--label=team=a") == shown("--type=http") == both
    assert shown("--type=email") == shown("--type=email", "--event-type=repo.#") == [(two, start)]
    assert shown("--event-type=repo.publish.*", "--state=pending") == [(one, publish)]
    assert shown("--state=dead") == shown("--type=amqp") == shown("--error=refused") == []
    assert shown("--since=1h") == [(one, start), (two, start), (one, publish)]
    assert shown("--since=1h", "--type=http") == [(one, start), (one, publish)]
    listed = admin.ok("event", "delivery", "list", "--type=email", "--json").json
    assert [each["listener_id"] for each in listed] == [two]
    assert admin.ok("event", "delivery", "list", "--type=email", "--listener-id=one", "--json").json == []
    assert "unknown notifier type 'nope'" in admin("event", "delivery", "list", "--type=nope").err
    for verb, number in (("retry", 0), ("discard", 2)):
        done = admin.ok("event", "delivery", verb, "--type=http", "--dry-run", "--json").json
        assert done[verb] == number
    admin.ok("event", "delivery", "discard", "--event-type=repo.publish.start", "--reason=Not wanted")
    assert shown("--state=dead") == shown("--error=not WANTED") == [(one, publish)]
    assert admin(*TAIL, "--since=1h", "--last=3").code == 2
    assert admin(*TAIL, "--event-type=nosuch.type").code == 2


def test_filters_hold_for_what_comes_and_a_listener_made_meanwhile(admin, tail):
    admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--disabled")
    mail = ("email", "create", "--event-type=*", "--subject=s", "--addresses=a@b.example", "--disabled")
    first = admin.listener(*mail)
    with emitting(admin) as emit:
        emit(1)
        watching = tail("--type=email", "--state=pending")
        watching.until(lambda lines: len(lines) == 1)  # from then on it follows
        second = admin.listener(*mail)
        emit(5)
        watching.until(lambda lines: len(lines) == 11)
    assert Counter(each["listener_id"] for each in watching.lines) == {first: 6, second: 5}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_its_normal_end(admin, tail, number):
    admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--disabled")
    with emitting(admin) as emit:
        emit(1)
    watching = tail()
    watching.until(len)
    assert watching.end(number) == (0, "")


def test_it_ends_when_nobody_reads_any_more_though_nothing_happens(admin):
    admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/", "--disabled")
    with emitting(admin) as emit:
        emit(3)
    process = subprocess.Popen(
        admin.command(*TAIL), env=admin.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) in (0, 1)
    assert process.stderr.read() == ""
    process.stderr.close()


def test_with_none_of_the_last_only_what_is_new_is_shown(admin):
    admin.listener("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")
    admin.ok("event", "emit", "repo.sync.start", "--no-wait")
    assert admin.ok("event", "delivery", "tail", "--last=1", "--for=0").out != ""
    assert admin.ok("event", "delivery", "tail", "--last=0", "--for=0").out == ""
