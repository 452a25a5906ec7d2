"""`config check` on the processes at work: is anything due that nobody delivers, who lacks what, which versions?"""

from __future__ import annotations

import contextlib
import subprocess
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from unittest import mock

import pytest
from marshmallow import Schema

from pulp_events import EventBus, Listener, Notifier
from pulp_events.outbox.presence import SILENT, Beat, Kind, presence
from pulp_events.outbox.records import Due
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.sections import CORE_SECTIONS
from pulp_events.settings.settings import Settings
from pulp_events.testing.clock import FakeClock
from pulp_events_cli.health import workers

CHECK = ("event", "config", "check")
HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")
OURS = version("pulp-events")


def texts(run, state):
    found = run.json["findings"]
    return [each["text"] for each in found if each["state"] == state and each["what"] == "workers"]


def emit(admin, seconds_ago, count=1):
    clock = FakeClock(time.time() - seconds_ago)
    with EventBus.open(admin.config, deliver="external", plugins=Plugins(), clock=clock) as bus:
        bus.emit_many([("repo.sync.start", {"repo_id": "pulp2"})] * count)


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 delivery is due"), (2, "2 deliveries are due"), (1005, "more than 1,000 deliveries")],
)
def test_what_is_due_and_nobody_makes_is_a_problem_with_its_remedy(admin, count, words):
    admin.listener(*HTTP)
    emit(admin, 600, count)
    run = admin(*CHECK, "--json")
    [text] = texts(run, "problem")
    assert run.code == 1 and text.startswith(words) and "the first for 10m" in text
    assert text.endswith("no worker is known; start one: `pulp-admin event worker`")


@pytest.mark.slow
def test_since_when_no_worker_was_seen_is_said_of_one_that_was_killed(admin):
    admin.listener(*HTTP)
    command = admin.command("event", "worker")
    started = subprocess.Popen(command, env=admin.environment, stderr=subprocess.DEVNULL)
    with started as process, contextlib.ExitStack() as end:
        end.callback(process.kill)
        deadline = time.monotonic() + 60
        while not admin.ok("event", "worker", "list", "--json").json:
            assert time.monotonic() < deadline
        emit(admin, 600)
        assert texts(admin(*CHECK, "--json"), "problem") == []  # its endpoint refuses, but there is a worker
        assert texts(admin(*CHECK, "--json"), "ok") == ["1 worker delivers"]
        process.kill()
        process.wait()
    emit(admin, 300)
    [text] = texts(admin(*CHECK, "--json"), "problem")
    assert "no worker was seen since 20" in text


@pytest.mark.parametrize(
    "why", ["it is disabled", "it is muted", "nothing is pending", "it is new", "it leaves with others later"]
)
def test_what_waits_for_a_reason_is_no_problem(admin, why):
    if why == "it leaves with others later":
        listener = admin.listener(
            "email", "create", "--event-type=*", "--subject=s", "--addresses=a@b.example", "--digest=1h"
        )
    else:
        listener = admin.listener(*HTTP)
    if why != "nothing is pending":
        emit(admin, 5 if why == "it is new" else 600)
    if why == "it is disabled":
        admin.ok("event", "listener", "disable", "--listener-id", listener)
    if why == "it is muted":
        admin.ok("event", "listener", "mute", "--listener-id", listener, "--for=1h")
    assert texts(admin(*CHECK, "--json"), "problem") == []


def seen(pid, **attributes):
    told = {"version": OURS, "notifier_types": ["http"], "kind": Kind.WORKER, "delivers": True, **attributes}
    silent = told.pop("silent", 1.0)
    beat = Beat(id=f"{pid:016x}", host="web1", pid=pid, uptime=5.0, python="3.11.9", **told)
    return presence(beat.id, beat.about(), (1.7e9, 1.7e9, silent), 0)


def listener(type_id="http", **attributes):
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return Listener(
        id="a" * 24, notifier_type_id=type_id, notifier_config={}, event_types=("*",), targets=("",), created=now,
        updated=now, **attributes,
    )  # fmt: skip


NONE = Due(0, 0.0)


class Plain(Notifier):
    type_id = "http"
    config_schema = Schema


class Outbox:
    def __init__(self, due):
        self.found = due

    def due(self, ids, most):
        return self.found if ids else NONE

    def standing(self, ids, with_first=()):
        return {}


def found(listeners, presences, due=NONE, notifiers=("http",)):
    plugins = mock.Mock(notifiers=dict.fromkeys(notifiers, Plain()))
    findings = workers.check(
        plugins, Settings.load(None, CORE_SECTIONS, {}), listeners, presences, Outbox(due), time.time()
    )
    return {each.state: each.text for each in findings}


def test_a_type_that_no_worker_has_is_a_problem_and_one_that_some_lack_a_note():
    needed = [listener("chat")]
    assert "problem" not in found([], [seen(1)])
    both = found(needed, [seen(1), seen(2, kind=Kind.APPLICATION)])
    assert both["ok"] == "1 worker and 1 application deliver"
    assert both["problem"].startswith("no worker has the notifier type chat, and the deliveries of listener aaaa")
    some = found(needed, [seen(1), seen(2, notifier_types=["chat", "http"])])
    assert "problem" not in some and some["note"].startswith("process 1 on web1 without the notifier type chat leave")
    for none in (found([listener("chat", enabled=False)], [seen(1)]), found([listener("function")], [seen(1)])):
        assert none.keys() == {"ok"}


def test_different_versions_at_work_are_told_with_who_has_which():
    text = found([], [seen(1), seen(2, version="0.0.9"), seen(3, version="0.0.9", delivers=False)])["note"]
    assert f"0.0.9 (processes 2 on web1, 3 on web1), {OURS} (process 1 on web1)" in text
    assert f"this command has {OURS}; restart the older ones" in text
    assert "note" in found([], [seen(2, version="0.0.9")])
    assert found([], [seen(1), seen(2, version="0.0.9", silent=SILENT + 1)]).keys() == {"ok"}


def test_one_that_only_emits_or_hangs_delivers_nothing():
    due = Due(3, 600.0)
    muted = listener(muted_until=datetime.now(UTC) + timedelta(hours=1))
    for presences in ([], [seen(1, delivers=False)], [seen(1, silent=SILENT + 1)]):
        assert found([listener()], presences, due)["problem"].startswith("3 deliveries are due")
    assert "problem" not in found([listener()], [seen(1)], due)
    assert "problem" not in found([muted], [], due)
    assert "problem" not in found([listener("chat"), listener("function")], [], due)  # which no worker here could make
