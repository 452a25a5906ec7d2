"""Data folders of earlier releases open, are migrated, and go on with what was pending."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from going_on import check_goes_on, check_looks_as_before
from kept import NAMES, Folder, Kept, few_are_quick
from scene import ODD

from pulp_events import EventBus
from pulp_events.outbox.sqlite import schema, set_up

OPEN = "import sys; from pulp_events import EventBus; EventBus.open(sys.argv[1], deliver='external').outbox.close()"
OLDER = [name for name in NAMES if Kept(name, 12345).said("folder")["schema"] < schema.VERSION]
"""Those with tables of an earlier version."""
SAMPLE = 6
"""Statements of a migration at which the quick tests kill it."""


def version(path):
    with closing(sqlite3.connect(path)) as connection:
        return schema.version(connection)


def contents(path):
    """Definitions and rows; what triggers and views of a connection are not."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(connection.iterdump())


@pytest.mark.parametrize("name", few_are_quick(NAMES))
def test_an_earlier_folder_goes_on(name, folder_of, endpoints):
    folder = folder_of(name)
    assert version(folder.outbox) == folder.said["schema"]
    check_looks_as_before(folder.config, folder.said)
    check_goes_on(folder.config, folder.said, endpoints, ODD)
    assert version(folder.outbox) == schema.VERSION


def test_the_history_of_listeners_goes_on(folder_of):
    folder = folder_of(NAMES[-1])
    with EventBus.open(folder.config, deliver="external", by="upgrade") as bus:
        [listener] = [each for each in bus.listeners.list() if each.name == "ci"]
        bus.listeners.update(listener.id, description=None)
        changes = bus.listeners.history(listener.id)
    assert [(each.action, each.by == "upgrade") for each in changes] == [("updated", True), ("created", False)]


def statements_of(folder):
    """How many statements the migration of a folder takes."""
    seen = []
    migrated(folder, seen.append)
    return len(seen)


def migrated(folder, trace):
    """Migrate, with `trace` called before each statement."""
    connect = set_up.connect

    def traced(path):
        connection = connect(path)
        connection.set_trace_callback(trace)
        return connection

    set_up.connect = traced
    try:
        set_up.set_up(folder.outbox)
    finally:
        set_up.connect = connect


def killed_at(folder, number):
    """Migrate in a process that kills itself at a statement."""
    child = os.fork()
    if child == 0:
        left = [number]

        def trace(_):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            migrated(folder, trace)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def check_kills(name, tmp_path_factory, endpoints, most):
    """Kill the migration at each statement, or at so many of them, and finish it."""

    def unpacked():
        return Folder(name, tmp_path_factory.mktemp("killed"), endpoints)

    count = statements_of(unpacked())
    assert count > 5
    for number in range(0, count, max(1, count // most)):
        folder = unpacked()
        before = contents(folder.outbox)
        killed_at(folder, number)
        found = version(folder.outbox)
        assert found in (folder.said["schema"], schema.VERSION)
        if found == folder.said["schema"]:
            assert contents(folder.outbox) == before
        check_looks_as_before(folder.config, folder.said)
        assert version(folder.outbox) == schema.VERSION


@pytest.mark.slow
def test_a_migration_that_is_killed_leaves_the_old_tables_or_the_new(tmp_path_factory, endpoints):
    check_kills(NAMES[0], tmp_path_factory, endpoints, SAMPLE)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", OLDER)
def test_a_migration_may_be_killed_at_any_statement(name, tmp_path_factory, endpoints):
    check_kills(name, tmp_path_factory, endpoints, 1000)


@pytest.mark.slow
@pytest.mark.parametrize("name", [OLDER[0], OLDER[-1]])
def test_processes_that_migrate_at_once(name, folder_of, endpoints):
    folder = folder_of(name)
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN, folder.config], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [("", 0)] * 3
    check_looks_as_before(folder.config, folder.said)
    check_goes_on(folder.config, folder.said, endpoints, ODD)
