"""A process that is killed while it restores, or backs up: what was there, or all of the backup; nothing between."""

import json
import os
import signal
import sys

import pytest

from pulp_events.outbox.sqlite import backup
from pulp_events.outbox.sqlite.onlooker import Onlooker
from pulp_events.outbox.sqlite.restore import restore
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.system import replacement
from pulp_events.testing.outbox_contract import new_event

NOW = 1_790_000_000.0
CHANGES = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.chown", "os.truncate"}
"""Audit events of what changes files; SQLite's own writes happen between those of opening and renaming its files."""


def killed_at(number, call):
    """Run `call` in a child that is killed before its change of that number; True if there was one."""
    child = os.fork()
    if not child:
        left = number

        def count(event, arguments):
            nonlocal left
            if event in CHANGES and not str(arguments[0]).endswith((".py", ".pyc", ".so")):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            sys.addaudithook(count)
            call()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def moments(call, set_up):
    """For each moment at which `call` can be killed: set up, kill, and stop there."""
    number = 0
    while True:
        set_up()
        killed = killed_at(number, call)
        yield number
        if not killed:
            assert number > 5
            return
        number += 1


def records(name, changes=1):
    form = {"name": "pulp-events listeners", "version": 1, "changes": changes}
    return json.dumps({"format": {"1": form}, "listeners": {"1": {"id": name}}}).encode()


def name_in(path):
    return json.loads(path.read_bytes())["listeners"]["1"]["id"]


def in_child(call):
    """In a process of its own, so that what it has open is nobody else's; it is killed, and so leaves its log."""
    assert killed_at(10**9, call) is False


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data"


def fill(folder, name, events):
    """Listeners, history, and an outbox whose last events are only in its log."""
    for path in folder.iterdir():
        path.unlink() if path.is_file() else replacement.abandon(folder)
    (folder / "listeners.json").write_bytes(records(name))
    (folder / "listeners.history").write_bytes(b"history of %s\n" % name.encode())

    def store():
        outbox = SQLiteOutbox(folder / "outbox.sqlite")
        outbox.add([new_event() for _ in range(events)])
        os._exit(0)

    in_child(store)
    assert (folder / "outbox.sqlite-wal").stat().st_size


def state(folder):
    """Who the listener is, and how many events there are, as whoever opens the outbox next finds it."""
    found = []

    def look():
        outbox = SQLiteOutbox(folder / "outbox.sqlite")
        pending = outbox.stats().pending
        (folder.parent / "found").write_text(str(pending))
        outbox.close()

    in_child(look)
    found = int((folder.parent / "found").read_text())
    return name_in(folder / "listeners.json"), found, (folder / "listeners.history").read_text()


@pytest.mark.slow
def test_a_restore_that_is_killed_leaves_what_was_there_or_the_backup(folder, tmp_path):
    outbox, listeners, target = folder / "outbox.sqlite", folder / "listeners.json", tmp_path / "backup"
    fill(folder, "backup", 1)
    backup.write(outbox, listeners, target, NOW)

    def history(found, old, new):
        new.with_name("listeners.history").write_bytes(b"both\n")

    def restored():
        restore(target, outbox, listeners, history)

    before, after = ("old", 3, "history of old\n"), ("backup", 1, "both\n")
    seen = []
    for _ in moments(restored, lambda: fill(folder, "old", 3)):
        begun = replacement.is_begun(folder)
        found = state(folder)
        assert found in (before, after)
        assert not (begun and found == before), "what was in force is finished"
        seen.append(found)
        if found == after:
            [kept] = folder.glob("outbox.sqlite.before-*[0-9]")
            [kept_listeners] = folder.glob("listeners.json.before-*")
            assert name_in(kept_listeners) == "old"
            with Onlooker(kept) as file:
                assert file.rows("SELECT count(*) FROM pulp_event") == [(3,)]
        else:
            assert not [*folder.glob("*.before-*")]
        assert not replacement.is_begun(folder)
        in_child(restored)  # once more
        assert state(folder) == after
        assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]
    first = seen.index(after)
    assert seen == [before] * first + [after] * (len(seen) - first) and first > 0


@pytest.mark.slow
def test_a_backup_that_is_killed_leaves_the_earlier_one_and_its_leftovers_go_with_the_next(folder, tmp_path):
    outbox, listeners, target = folder / "outbox.sqlite", folder / "listeners.json", tmp_path / "backup"

    def write():
        backup.write(outbox, listeners, target, NOW)

    def set_up():
        fill(folder, "old", 1)
        in_child(write)
        fill(folder, "new", 2)

    deliveries = []
    for _ in moments(write, set_up):
        deliveries.append(backup.read(target).deliveries)
        assert state(folder) == ("new", 2, "history of new\n")
        in_child(write)
        assert backup.read(target).deliveries == 2
        assert target.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert deliveries == sorted(deliveries) and set(deliveries) == {1, 2}
