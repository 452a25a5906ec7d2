"""`event backup` with PostgreSQL: what it says to do instead is typed here as it stands, and does it."""

from __future__ import annotations

import os
import re
import stat
import subprocess

import pytest

from pulp_events import EventBus
from pulp_events.testing.admin import Admin

HTTP = ("http", {"url": "http://127.0.0.1:9/"}, ["*"])


@pytest.fixture
def shell(postgres_binaries, tmp_path):
    def run(command):
        environment = {**os.environ, "PGPASSWORD": "pw", "PATH": f"{postgres_binaries}:{os.environ['PATH']}"}
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    return run


def state(conf):
    with EventBus.open(conf, deliver="external") as bus:
        changes = [(change.action, change.listener_id) for change in bus.listeners.history()]
        traces = {each.id: each.trace_context for each in bus.events.list()}
        return bus.listeners.list(), bus.deliveries.stats().pending, changes, len(bus.events.erasures(limit=9)), traces


def test_the_commands_that_it_names_back_up_and_restore_everything(conf, shell, tmp_path):
    with EventBus.open(conf, deliver="external") as bus:
        listener = bus.listeners.create(*HTTP)
        for number in "123":
            context = {"traceparent": f"00-{'a' * 32}-{number * 16}-01", "tracestate": "a=1"}
            bus.emit("repo.sync.start", {"repo_id": number}, trace_context=context)
        bus.events.erase(where="payload.repo_id == '1'")
    before = state(conf)
    assert before[1:2] == (2,) and before[3] == 1
    admin = Admin(conf)
    run = admin("event", "recover")
    assert run.code == 1 and "restore it from a backup of its own" in run.err and "pg_dump" not in run.err
    for words in (("backup", "x"), ("restore", "x")):
        run = admin("event", *words)
        assert run.code == 1 and "back up the schema public with" in run.err and "pw" not in run.err
    dump, restore = re.findall(r"`([^`]+)`", run.err)
    shell(f"umask 022; {dump}")
    assert stat.S_IMODE((tmp_path / "FILE").stat().st_mode) == 0o600
    with EventBus.open(conf, deliver="external") as bus:
        bus.listeners.delete(listener.id)
        bus.emit("repo.sync.start")
    assert state(conf) != before
    shell(restore)
    assert state(conf) == before
    with EventBus.open(conf, deliver="external") as bus:  # it can be used, ids are not given twice
        event = bus.emit("repo.sync.start")
        assert bus.events.get(event.id) is not None and bus.deliveries.stats().pending == 3
