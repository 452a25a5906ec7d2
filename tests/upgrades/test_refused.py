"""What a newer release wrote is refused, in one line that says what to do, and stays as it is."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from kept import NAMES
from releases import EMITTER, LAST, NOW, WORKER, Releases, end
from rolling import TOO_NEW

from pulp_events import EventBus
from pulp_events.outbox.sqlite import schema
from pulp_events.testing import Admin

REMEDY = "upgrade this pulp-events too, or restore the backup"
EMIT = ("emit", "repo.sync.start", "--payload", '{"repo_id": "r"}')
CHANGES = [
    ("listener", "http", "create", "--event-type=*", "--url=http://ci.example/hook"),
    *(("listener", change, "ci") for change in ("disable", "enable", "unmute", "delete")),
    ("listener", "mute", "ci", "--for=1h"),
    ("listener", "mute", "--all", "--for=1h"),
    ("listener", "http", "update", "ci", "--url=http://ci.example/other"),
]
NEWER = f"""
BEGIN;
ALTER TABLE pulp_delivery RENAME COLUMN attempts TO tries;
UPDATE pulp_outbox_meta SET value = {schema.VERSION + 1} WHERE key = 'version';
COMMIT;
"""
"""A change of the tables that this release cannot work with."""


def files(folder):
    """The files of a folder and what is in them, but for locks and what SQLite keeps while a database is open."""
    with closing(sqlite3.connect(folder / "outbox.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and path.suffix not in (".lock", ".sqlite-wal", ".sqlite-shm")
    }


def make_outbox_newer(folder):
    with closing(sqlite3.connect(folder.outbox)) as connection:
        connection.executescript(NEWER)


def make_listeners_newer(folder):
    path = folder.path / "listeners.json"
    content = json.loads(path.read_text("utf-8"))
    content["format"]["1"]["version"] += 1
    path.write_text(json.dumps(content), "utf-8")


def check_refusal(done):
    assert done.code == 1 and not done.out
    [line] = done.err.splitlines()
    assert TOO_NEW in line and REMEDY in line


@pytest.mark.parametrize(
    ("newer", "commands"),
    [
        (make_outbox_newer, [("delivery", "list"), EMIT, ("worker",), ("delivery", "retry", "--all")]),
        (make_outbox_newer, [("erase", "--event-type=repo.sync.start", "--yes")]),
        (make_outbox_newer, CHANGES),
        (make_listeners_newer, [("listener", "list"), EMIT, ("listener", "disable", "ci")]),
    ],
)
def test_a_newer_folder_is_refused_and_stays_as_it_is(newer, commands, folder_of):
    folder = folder_of(NAMES[-1])
    with EventBus.open(folder.config, deliver="external") as bus:
        assert bus.outbox
    newer(folder)
    before = files(folder.path)
    for command in commands:
        check_refusal(Admin(folder.config)("event", *command))
    assert files(folder.path) == before


@pytest.mark.parametrize("newer", [make_outbox_newer, make_listeners_newer])
def test_a_newer_folder_is_not_backed_up_and_the_line_names_its_file(newer, folder_of, tmp_path):
    folder = folder_of(NAMES[-1])
    with EventBus.open(folder.config, deliver="external") as bus:
        assert bus.outbox
    newer(folder)
    done = Admin(folder.config)("event", "backup", str(tmp_path / "kept.backup"))
    check_refusal(done)
    assert str(folder.outbox if newer is make_outbox_newer else folder.path / "listeners.json") in done.err
    assert not list(tmp_path.glob("*kept.backup*"))


def test_a_newer_outbox_that_looks_damaged_is_not_set_aside(folder_of):
    folder = folder_of(NAMES[-1])
    make_outbox_newer(folder)
    folder.outbox.with_name("outbox.sqlite.damaged").touch()
    before = files(folder.path)
    check_refusal(Admin(folder.config)("event", "delivery", "list"))
    assert files(folder.path) == before


@pytest.mark.slow
@pytest.mark.parametrize("release", ["0.1.dev8"])
def test_an_earlier_release_refuses_what_this_one_wrote(release, folder_of, tmp_path):
    folder = folder_of(NAMES[-1])
    shutil.copytree(folder.path, tmp_path / "kept")
    with Releases(tmp_path, release) as releases:
        for code in (WORKER, EMITTER):
            process = releases.start(release, code, folder.config)
            process.stdin.write("event\n")
            status, said = end(process)
            assert status == 1 and TOO_NEW in said
    assert files(folder.path) == files(tmp_path / "kept")


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize("release", [NOW, LAST])
def test_a_worker_ends_when_a_newer_release_changes_its_tables(release, folder_of, endpoints, tmp_path):
    folder = folder_of(NAMES[-1])
    with Releases(tmp_path, *filter(None, [release])) as releases:
        worker = releases.start(release, WORKER, folder.config)
        endpoints.http.wait_for(6, timeout=60)
        make_outbox_newer(folder)
        with closing(sqlite3.connect(folder.outbox)) as connection:
            query = "SELECT count(*), sum(tries) FROM pulp_delivery"
            before = connection.execute(query).fetchone()
            # All of them: those that it can deliver may be through already.
            changes = "state = 'pending', ready_at = 0, lease = NULL, finished = NULL"
            connection.execute(f"UPDATE pulp_delivery SET {changes}")
            connection.commit()
            status, said = end(worker)
            assert status == 1 and said.startswith("worker: ") and TOO_NEW in said and REMEDY in said
            assert connection.execute(query).fetchone() == before
    assert not list(folder.path.glob("*damaged*"))


def test_emit_says_that_a_newer_release_changed_the_tables(folder_of, tmp_path):
    folder = folder_of(NAMES[-1])
    with Releases(tmp_path) as releases:
        emitter = releases.start(NOW, EMITTER, folder.config)
        emitter.stdin.write("first\n")
        assert emitter.stdout.readline()
        with closing(sqlite3.connect(folder.outbox)) as connection:
            connection.executescript(NEWER.replace("attempts", "listener_id"))
        emitter.stdin.write("second\n")
        status, said = end(emitter)
        assert status == 1 and said.startswith("emitter: ") and TOO_NEW in said and REMEDY in said
    assert not list(folder.path.glob("*damaged*"))
