"""`event backup`, `restore`, `recover`: what an administrator does when a disk, or a hand, slipped."""

from __future__ import annotations

import getpass
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from pulp_events import EventBus
from pulp_events.outbox.store import Outbox
from pulp_events.system import replacement
from pulp_events.testing.http_sink import HttpSink

HTTP = ("http", "create", "--event-type=*", "--url=http://127.0.0.1:9/")


def emit(admin, number=1):
    for _ in range(number):
        admin.ok("event", "emit", "repo.sync.start", "--no-wait")


def pending(admin):
    return admin.ok("event", "delivery", "stats", "--json").json["pending"]


def test_what_was_lost_comes_back_with_a_backup(admin, tmp_path):
    listener = admin.listener(*HTTP)
    emit(admin, 2)
    file = tmp_path / "backup"
    assert admin.ok("event", "backup", str(file)).out == f"1 listener and 2 deliveries written to {file}\n"
    admin.ok("event", "listener", "delete", "--listener-id", listener)
    emit(admin)
    done = admin.ok("event", "restore", str(file))
    assert "1 listener and 2 deliveries restored, as they were at " in done.out
    assert done.out.count("The previous file is kept as ") == 2
    assert pending(admin) == 2
    assert admin.ok("event", "listener", "show", "--listener-id", listener).out


def test_a_restore_is_refused_while_a_worker_runs(admin, tmp_path):
    admin.listener(*HTTP, "--disabled")
    emit(admin)
    admin.ok("event", "backup", str(tmp_path / "backup"))
    worker = subprocess.Popen(
        admin.command("event", "worker"), env=admin.environment, stderr=subprocess.PIPE, text=True
    )
    try:
        while "delivers from" not in (line := worker.stderr.readline()):
            assert line, "the worker ended"
        while not admin.ok("event", "worker", "list", "--json").json:  # it tells of itself a moment later
            assert worker.poll() is None
        run = admin.process("event", "restore", str(tmp_path / "backup"))
        assert run.code == 1 and f"process {worker.pid}, a worker on " in run.err and "nothing was changed" in run.err
    finally:
        worker.terminate()
        worker.communicate()


def test_a_damaged_outbox_is_set_aside_by_the_next_command_and_recovered_by_another(admin):
    admin.listener(*HTTP)
    emit(admin, 5)
    outbox = admin.data / "outbox.sqlite"
    content = outbox.read_bytes()
    outbox.write_bytes(content[:100] + b"\xff" * 200 + content[300:])
    check = admin("event", "config", "check")
    assert check.code == 1 and "is damaged (" in check.out and "`pulp-admin event recover`" in check.out
    assert outbox.read_bytes() == content[:100] + b"\xff" * 200 + content[300:]

    runs = [admin("event", "delivery", "list") for _ in range(2)]
    assert all(run.code == 0 or "event recover" in run.err for run in runs) and runs[-1].out == ""
    check = admin("event", "config", "check")
    assert check.code == 1 and "deliveries pending in it are not being made" in check.out
    for command in (("delivery", "stats"), ("delivery", "list"), ("list",), ("delivery", "stats", "--since=1h")):
        assert "warning: " in (said := admin.ok("event", *command).err) and "not being made" in said
    done = admin.ok("event", "recover")
    assert "5 events and 5 deliveries recovered from" in done.out and "5 of them pending" in done.out
    assert pending(admin) == 5
    check = admin("event", "config", "check")
    assert "set aside, and recovered: outbox.sqlite.corrupt-" in check.out and "not being made" not in check.out
    assert admin.ok("event", "delivery", "list").err == ""
    assert "5 events were already there" in admin.ok("event", "recover").out


def tear(admin, text, url="http://127.0.0.1:9/"):
    """An outbox of 200 events with this text in the payload, and pages overwritten where it ends in some of them."""
    admin.listener("http", "create", "--event-type=*", f"--url={url}")
    with EventBus.open(admin.config, deliver="external") as bus:
        for number in range(200):
            bus.emit("repo.sync.start", {"repo_id": f"{text} readable {number} "})
    outbox = admin.data / "outbox.sqlite"
    content = bytearray(outbox.read_bytes())
    places = [found.start() for found in re.finditer(b" readable 1[0-4][0-9] ", content)]
    for place in places[: len(places) // 2]:
        page = place // 4096 * 4096
        content[page : page + 4096] = b"\xff" * 4096
    outbox.write_bytes(content)


@pytest.fixture
def torn(admin):
    """Damage in the middle of long payloads, which most commands do not come upon."""
    tear(admin, "x" * 9000)


@pytest.mark.parametrize("named", [False, True])
def test_the_remedy_for_damage_that_only_a_check_notices_works_as_it_is_printed(admin, torn, named):
    check = admin.process("event", "config", "check")
    said = " ".join(check.out.split())
    assert check.code == 1 and "`pulp-admin event recover` sets it aside and recovers what is readable" in said
    assert admin.process("event", "delivery", "stats").code == 0, "the damage is none that this command notices"

    run = admin.process("event", "recover", *([str(admin.data / "outbox.sqlite")] if named else []))
    assert run.code == 3 and "was set aside as" in run.err and "outbox.sqlite.corrupt-" in run.out, run
    recovered = int(run.out.split()[0])
    assert 100 < recovered < 200
    assert pending(admin) == recovered
    check = admin.process("event", "config", "check")
    assert "is damaged" not in check.out and "set aside, and recovered: outbox.sqlite.corrupt-" in check.out
    again = admin.process("event", "recover")
    assert f"{recovered} events were already there" in again.out and "was set aside as" not in again.err
    assert len([*admin.data.glob("outbox.sqlite.corrupt-*.recovered")]) == 1


def test_a_drain_that_comes_upon_damage_says_what_was_not_made_and_fails(admin):
    with HttpSink() as sink:
        tear(admin, "x" * 9000, sink.url)
        run = admin.process("event", "worker", "--drain")
        assert run.code == 1 and "is a damaged outbox that was set aside: " in run.err, run
        made = int(re.match(r"(\d+) deliver(y|ies) made, 0 dead\n", run.out)[1])
        left = int(re.search(r"(\d+) deliver(y is|ies are) still pending in it", run.err)[1])
        unrecorded = re.search(r"(\d+) of them w(as|ere) made, but could not be recorded", run.err)
        assert made == len(sink.requests)
        assert made + left - (int(unrecorded[1]) if unrecorded else 0) == 200

        again = admin.process("event", "worker", "--drain")
        assert again.code == 1 and f"{left} deliveries are still pending in it; recover" in again.err, again
        assert again.out == "0 deliveries made, 0 dead\n"

        recovered = int(re.search(r"(\d+) of them pending", admin.process("event", "recover").out)[1])
        assert admin.process("event", "worker", "--drain").out == f"{recovered} deliveries made, 0 dead\n"
        assert len(sink.requests) == made + recovered


def test_no_backup_is_made_of_a_damaged_outbox_and_the_outbox_is_named_with_its_remedy(admin, torn, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    run = admin.process("event", "backup", str(folder / "monday"))
    said = f"no backup was written: {admin.data / 'outbox.sqlite'} is damaged"
    assert run.code == 1 and said in run.err and "`pulp-admin event recover`" in run.err, run.err
    assert ".tmp" not in run.err and "another backup" not in run.err
    assert not [*folder.iterdir()]
    admin.process("event", "recover")
    assert admin.process("event", "backup", str(folder / "monday")).code == 0


def test_a_restore_that_finds_something_in_its_way_says_what_to_do_about_it(admin, tmp_path):
    admin.listener(*HTTP)
    emit(admin)
    admin.ok("event", "backup", str(tmp_path / "backup"))
    in_the_way = admin.data / ".restoring.tmp"
    in_the_way.write_text("")
    run = admin.process("event", "restore", str(tmp_path / "backup"))
    assert run.code == 1 and f"{in_the_way}: File exists; something else has this name: move it away; then" in run.err
    in_the_way.unlink()
    assert admin.process("event", "restore", str(tmp_path / "backup")).code == 0


def test_an_outbox_that_is_sound_or_cannot_be_looked_at_is_not_set_aside(admin):
    admin.listener(*HTTP)
    emit(admin)
    outbox = admin.data / "outbox.sqlite"
    for arguments, said in (([str(outbox)], "is the outbox in use"), ([], "no damaged outbox was set aside in")):
        run = admin.process("event", "recover", *arguments)
        assert run.code == 1 and said in run.err

    with sqlite3.connect(outbox) as connection:
        connection.execute("UPDATE pulp_outbox_meta SET value = '999' WHERE key = 'version'")
    connection.close()
    run = admin.process("event", "recover")
    assert run.code == 1 and "newer release" in run.err

    outbox.unlink()
    outbox.mkdir()
    outbox.with_name("outbox.sqlite.damaged").touch()  # somebody had found the file damaged that was here
    for _ in range(2):
        run = admin.process("event", "recover")
        assert run.code == 1 and "folder" in run.err, run.err
    assert outbox.is_dir() and not [*admin.data.glob("*.corrupt-*")]


def test_a_recovery_that_is_not_whole_says_what_is_missing_and_has_a_code_of_its_own(admin, tmp_path):
    tear(admin, "x" * 900)
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes((admin.data / "outbox.sqlite").read_bytes())
    for path in admin.data.glob("outbox.sqlite*"):
        path.unlink()
    run = admin("event", "recover", str(damaged))
    assert run.code == 3 and "not everything was recovered: " in run.out, run.out
    most = int(re.search(r"could not be read, where at most (\d+)\s+events?\s+stood", run.out)[1])
    recovered = int(run.out.split()[0])
    assert 200 - recovered <= most < 150
    again = admin("event", "recover", str(damaged), "--json")
    assert again.code == 3 and again.json["missing"] == most


def test_of_several_that_were_set_aside_each_is_recovered_and_none_forgotten(admin):
    admin.listener(*HTTP)
    outbox = admin.data / "outbox.sqlite"
    for _ in range(2):
        emit(admin, 2)
        outbox.write_bytes(bytes(200) + outbox.read_bytes()[200:])
        admin("event", "delivery", "list")
    assert admin("event", "config", "check", "--json").json
    for left in (1, 0):
        assert "2 events and 2 deliveries recovered" in admin.ok("event", "recover").out
        assert admin("event", "config", "check").out.count("not being made") == left
    assert pending(admin) == 4


def test_one_that_cannot_be_read_at_all_keeps_no_other_from_being_recovered(admin):
    admin.listener(*HTTP)
    outbox = admin.data / "outbox.sqlite"
    for damaged in (lambda content: bytes(200) + content[200:], lambda content: bytes(len(content))):
        emit(admin, 2)
        outbox.write_bytes(damaged(outbox.read_bytes()))
        admin("event", "delivery", "list")
    run = admin.ok("event", "recover")
    assert "2 events and 2 deliveries recovered" in run.out
    assert "nothing in it can be read" in run.err and "delete this file" in run.err
    assert pending(admin) == 2
    again = admin("event", "recover")
    assert again.code == 1 and again.err.count("nothing in it can be read") == 1


def test_without_anything_damaged_recover_says_so(admin):
    run = admin("event", "recover")
    assert run.code == 1 and "no damaged outbox was set aside in" in run.err


def test_the_applications_own_database_is_its_own_affair(admin, tmp_path):
    admin.config.write_text(f"[events]\ndata_dir = {admin.data}\noutbox = application.sqlite\n")
    for command in ("backup", "restore"):
        run = admin("event", command, str(tmp_path / "backup"))
        assert run.code == 1 and "back up and restore that as a whole" in run.err


def test_what_a_plugin_keeps_is_its_databases_affair_and_config_check_asks_it(admin, with_plugin, tmp_path):
    from pulp_events import hookimpl
    from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox

    class Elsewhere:
        @hookimpl
        def pulp_outbox(self, settings) -> Outbox:
            return SQLiteOutbox(tmp_path / "elsewhere" / "file")

    with_plugin("elsewhere", Elsewhere())
    admin.listener(*HTTP)
    emit(admin, 3)
    run = admin("event", "backup", str(tmp_path / "backup"))
    assert run.code == 1 and "deliveries are stored by pulp_events, not in files" in run.err
    check = admin.ok("event", "config", "check").out
    assert "3 pending, 0 delivered, 0 dead deliveries; in " in check and "outbox.sqlite" not in check


def state_of(folder):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_a_diagnosis_changes_nothing(admin, tmp_path):
    """Not in an outbox in order, nor in a damaged one, an old one, a backup that was copied there, nor in garbage."""
    admin.listener(*HTTP)
    emit(admin, 2)
    admin.ok("event", "backup", str(tmp_path / "backup"))
    outbox = admin.data / "outbox.sqlite"
    sound = outbox.read_bytes()
    contents = (sound, sound[:5000], b"letters " * 2000, (tmp_path / "backup").read_bytes(), b"")
    for content in contents:
        outbox.write_bytes(content)
        before = state_of(admin.data)
        admin("event", "config", "check")
        assert state_of(admin.data) == before
    outbox.unlink()
    before = state_of(admin.data)
    admin("event", "config", "check")
    assert state_of(admin.data) == before


def test_a_backup_in_the_place_of_the_outbox_is_named(admin, tmp_path):
    admin.listener(*HTTP)
    emit(admin)
    admin.ok("event", "backup", str(tmp_path / "backup"))
    (admin.data / "outbox.sqlite").write_bytes((tmp_path / "backup").read_bytes())
    assert "is a backup; the next command or worker starts using it" in admin.ok("event", "config", "check").out
    assert pending(admin) == 1
    assert "1 pending" in admin.ok("event", "config", "check").out


def test_json_of_a_backup_is_what_restore_prints_too(admin, tmp_path):
    admin.listener(*HTTP)
    made = admin.ok("event", "backup", str(tmp_path / "backup"), "--json").json
    back = admin.ok("event", "restore", str(tmp_path / "backup"), "--json").json
    assert back.pop("kept") and back == made
    assert made["listeners"] == 1 and made["deliveries"] == 0
    assert json.loads((admin.data / "listeners.json").read_text())["listeners"]


def test_histories_of_both_are_there_after_a_restore_into_a_folder_in_use(admin, tmp_path):
    """As after a disaster: somebody tried a listener on the new machine before."""
    first = admin.listener(*HTTP, "--name=first")
    admin.ok("event", "listener", "disable", "--listener-id=first", "--reason=before the disaster")
    admin.ok("event", "backup", str(tmp_path / "backup"))
    for path in admin.data.iterdir():
        path.unlink()
    trial = admin.listener(*HTTP, "--name=trial")
    admin.ok("event", "restore", str(tmp_path / "backup"))
    admin.ok("event", "listener", "enable", "--listener-id=first")
    changes = admin.ok("event", "listener", "history", "--json").json
    me = getpass.getuser()
    assert [(each["action"], each["listener_id"], each["by"]) for each in changes] == [
        ("enabled", first, me),
        ("created", first, f"{me}, restoring a backup"),
        ("deleted", trial, f"{me}, restoring a backup"),
        ("created", trial, me),
        ("disabled", first, me),
        ("created", first, me),
    ]
    admin.ok("event", "restore", str(tmp_path / "backup"))
    again = admin.ok("event", "listener", "history", "--json").json
    assert [each["action"] for each in again] == ["disabled", *(each["action"] for each in changes)]


def test_what_was_erased_since_is_named_where_a_backup_or_a_damaged_file_brings_it_back(admin, tmp_path):
    admin.listener(*HTTP)
    admin.ok("event", "emit", "repo.sync.start", "--payload={}", "--no-wait")
    admin.ok("event", "backup", str(tmp_path / "backup"))
    erase = ("event", "erase", "--where=event_type == 'repo.sync.start'", "--yes")
    admin.ok(*erase)
    said = r"what was erased at .* is back if .*: run `pulp-admin event erase` for it again \(where event_type == '…'\)"
    assert re.search(said, admin.ok("event", "restore", str(tmp_path / "backup")).err)
    assert admin.ok("event", "restore", str(tmp_path / "backup")).err == ""
    outbox = admin.data / "outbox.sqlite"
    outbox.write_bytes(bytes(200) + outbox.read_bytes()[200:])
    admin("event", "delivery", "list")
    admin.ok(*erase)
    assert re.search(said, admin.ok("event", "recover").err)
    admin.ok(*erase)
    assert "is back" not in admin.ok("event", "recover").err, "they were already there"


def test_a_restore_that_was_interrupted_is_told_and_finished(admin, tmp_path):
    listener = admin.listener(*HTTP, "--name=backup")
    admin.ok("event", "backup", str(tmp_path / "backup"))
    admin.ok("event", "listener", "http", "update", "--listener-id", listener, "--name=later")
    with mock.patch.object(replacement, "_finish", side_effect=KeyboardInterrupt):
        admin("event", "restore", str(tmp_path / "backup"))
    before = state_of(admin.data)
    assert "restoring a backup was interrupted; the next command" in admin("event", "config", "check").out
    assert state_of(admin.data) == before
    assert [each["name"] for each in admin.ok("event", "listener", "list", "--json").json] == ["backup"]
    assert "interrupted" not in admin("event", "config", "check").out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk is filled by mounting a small one, as on Linux")
def test_a_full_disk_is_named_and_leaves_nothing(admin, tmp_path):
    admin.listener(*HTTP)
    admin.ok("event", "emit", "repo.sync.start", "--payload", json.dumps({"repo_id": "x" * 200_000}), "--no-wait")
    script = (
        'mount -t tmpfs -o size=100k none "$1" || exit 77; chmod 700 "$1"; mkdir "$1/data"; chmod 700 "$1/data"; '
        'pulp-admin event backup "$1/backup"; PULP_EVENTS_CONFIG="$2" pulp-admin event restore "$3"; ls -AR "$1"'
    )
    small, conf = tmp_path / "small", tmp_path / "small.conf"
    small.mkdir()
    conf.write_text(f"[events]\ndata_dir = {small}/data\n")
    admin.ok("event", "backup", str(tmp_path / "backup"))
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [*command, str(small), str(conf), str(tmp_path / "backup")],
        env={**admin.environment, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine lets nobody mount")
    backup, restore = done.stderr.splitlines()
    assert f"error: {small}/backup: the disk is full" in backup or f"error: {small}/backup: No space left" in backup
    assert f"error: {small}/data" in restore and ("the disk is full" in restore or "No space left" in restore)
    left = [name for name in done.stdout.split() if not name.endswith(":")]  # but the folders' own paths
    assert not [name for name in left if "backup" in name or "tmp" in name or name == "outbox.sqlite"]
