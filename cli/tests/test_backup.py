"""`event backup`, `restore`, `recover`: what an administrator does when a disk, or a hand, slipped."""

from __future__ import annotations

import json
import subprocess

from pulp_events.outbox.store import Outbox

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
        run = admin.process("event", "restore", str(tmp_path / "backup"))
        assert run.code == 1 and f"process {worker.pid}" in run.err and "nothing was changed" in run.err
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
    done = admin.ok("event", "recover")
    assert "5 events and 5 deliveries recovered from" in done.out and "5 of them pending" in done.out
    assert pending(admin) == 5
    assert "5 events were already there" in admin.ok("event", "recover").out


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
    assert "3 pending, 0 delivered, 0 dead deliveries; stored by pulp_events" in check and "outbox.sqlite" not in check


def state_of(folder):
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


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
