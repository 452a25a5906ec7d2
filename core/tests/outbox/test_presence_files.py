"""The files that tell which processes are at work on an outbox of one machine."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from pulp_events.errors import StoreError
from pulp_events.outbox.presence import KEEP, MOST_GONE, SILENT
from pulp_events.outbox.sqlite.presence_files import PresenceFiles, folder_of
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.system.clock import SystemClock
from pulp_events.system.write_watch import WriteWatch
from pulp_events.testing.clock import FakeClock
from pulp_events.testing.outbox_contract.presences import ONE, TWO, beat

BEATING = """
import os, sys, time
from pathlib import Path
from pulp_events.outbox.sqlite.presence_files import PresenceFiles
from pulp_events.system.clock import SystemClock
from pulp_events.testing.outbox_contract.presences import beat
files = PresenceFiles(Path(sys.argv[1]), SystemClock())
files.beat(beat(pid=os.getpid()))
if len(sys.argv) > 2 and not (os.fork() if sys.argv[2] == "fork" else __import__("ctypes").CDLL(None).fork()):
    if sys.argv[2] != "fork":
        files.after_foreign_fork()
    print(os.getppid(), flush=True)
elif len(sys.argv) == 2:
    print(os.getpid(), flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    return folder_of(tmp_path / "outbox.sqlite")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def files(folder, clock):
    return PresenceFiles(folder, clock)


def die(files, id=ONE):
    """As when its process is killed: the file stays, and is not locked any more."""
    files._let_go(id)


@pytest.mark.parametrize("forked", [(), ("fork",), ("foreign",)], ids=["alone", "with a child", "with a foreign child"])
def test_a_process_that_is_killed_is_known_to_be_gone_at_once_whatever_children_it_has(folder, forked):
    process = subprocess.Popen(
        [sys.executable, "-c", BEATING, folder, *forked], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert int(process.stdout.readline()) == process.pid
        files = PresenceFiles(folder, SystemClock())
        [seen] = files.all()
        assert (seen.pid, seen.gone) == (process.pid, False)
        process.kill()
        process.wait()
        [seen] = files.all()
        assert seen.gone and seen.silent < SILENT
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def test_a_process_that_hangs_is_gone_once_it_was_silent_for_long(files, clock, folder):
    files.beat(beat())
    clock.advance(SILENT + 1)
    [seen] = PresenceFiles(folder, clock).all()
    assert seen.gone and seen.silent == SILENT + 1


@pytest.mark.parametrize("jump", [-100_000.0, 100_000.0])
def test_a_clock_that_is_set_makes_nobody_gone_who_is_at_work(files, clock, folder, jump):
    files.beat(beat())
    clock.advance(5)
    clock.jump(jump)
    [seen] = PresenceFiles(folder, clock).all()
    assert not seen.gone and seen.silent == 5
    die(files)
    [seen] = files.all()
    assert seen.gone and seen.silent >= 0


def test_a_beat_rings_no_bell(tmp_path, files):
    rung = []
    database = tmp_path / "outbox.sqlite"
    SQLiteOutbox(database).close()
    files.beat(beat())
    watch = WriteWatch(f"{database}-wal", lambda: rung.append(1))
    for in_flight in range(20):
        files.beat(beat(in_flight=in_flight))
        time.sleep(0.005)
    files.leave(ONE)
    time.sleep(0.1)
    watch.close()
    assert rung == [] and watch.count == 0


def test_what_is_remembered_of_the_dead_is_dropped_after_a_day_or_where_they_are_many(files, clock, folder):
    for number in range(MOST_GONE + 10):
        id = f"{number:016x}"
        files.beat(beat(id))
        die(files, id)
        clock.advance(1)
    files.beat(beat("f" * 16))
    found = files.all()
    assert len(found) == MOST_GONE + 1 and not found[0].gone
    assert found[1].id == f"{MOST_GONE + 9:016x}"
    clock.advance(KEEP)
    PresenceFiles(folder, clock).beat(beat("e" * 16))
    # The silent one is not deleted: it has its file open.
    assert {one.id for one in files.all()} == {"e" * 16, "f" * 16}


def test_one_who_cleans_up_by_hand_hides_nobody_for_long(files, folder):
    files.beat(beat())
    (folder / f"{ONE}.json").unlink()
    folder.rmdir()
    assert files.all() == []
    files.beat(beat())
    assert [one.id for one in files.all()] == [ONE]


def test_files_that_say_nothing_of_ours_are_passed_over_and_left_alone(files, folder):
    files.beat(beat())
    for number, text in enumerate(("", "{", "[]", "{}", '{"seen": "x"}', "\0" * 100, json.dumps({"seen": 1e400}))):
        (folder / f"{number:016x}.json").write_text(text)
    (folder / "notes.txt").write_text("an administrator's")
    (folder / f"{TWO}.json").mkdir()
    assert [one.id for one in files.all()] == [ONE]
    assert len(list(folder.iterdir())) == 10


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_cannot_be_read_is_said_and_not_taken_for_nobody(files, folder, what):
    assert files.all() == []
    if what == "folder":
        folder.write_text("no folder")
    else:
        files.beat(beat(ONE))
        place = folder / f"{TWO}.json"
        place.symlink_to(place)
    with pytest.raises(StoreError, match="cannot be read: .*which processes are at work is unknown"):
        files.all()


def test_a_file_that_cannot_be_read_keeps_nobody_from_telling_that_he_is_there(files, folder):
    folder.mkdir(mode=0o700)
    place = folder / f"{TWO}.json"
    place.symlink_to(place)
    files.beat(beat(ONE))
    place.unlink()
    assert [each.id for each in files.all()] == [ONE]


def test_the_files_are_for_their_owner_alone(files, folder):
    files.beat(beat())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / f"{ONE}.json").stat().st_mode & 0o777 == 0o600


def test_what_a_later_release_tells_is_taken_as_far_as_it_goes(files, folder):
    files.beat(beat())
    path = folder / f"{ONE}.json"
    kept = json.loads(path.read_text())
    about = json.loads(kept["about"]) | {"kind": "something new", "colour": "blue"}
    path.write_text(json.dumps(kept | {"about": json.dumps(about), "more": 1}))
    [seen] = files.all()
    assert (seen.kind, seen.host) == ("application", "web1")
