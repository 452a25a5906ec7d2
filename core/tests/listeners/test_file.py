"""The file of listeners: whole, its owner's alone, shared by processes, and never overwritten when it is not ours."""

import errno
import json
import os
import random
import signal
import stat
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest

from pulp_events import StoreCorrupt, StoreError, StoreTooNew
from pulp_events.listeners import index as index_module
from pulp_events.listeners.tinydb_store import HOLD, TinyDBListenerStore
from pulp_events.system import file_version
from pulp_events.testing.listener_store_contract import new_listener

CREATE = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from pulp_events import Listener
    from pulp_events.system.ids import new_listener_id
    from pulp_events.listeners.tinydb_store import TinyDBListenerStore
    from pulp_events.system import file_lock
    file_lock.TIMEOUT = 250.0  # on a busy machine, 50 processes keep one of them waiting for long
    store, now = TinyDBListenerStore(Path(sys.argv[1])), datetime.now(UTC)
    for _ in range(int(sys.argv[2])):
        listener = Listener(id=new_listener_id(), notifier_type_id="chat", notifier_config={"room": "x"},
                            event_types=("repo.sync.start",), targets=("x",), created=now, updated=now)
        store.add(listener)
        print(listener.id, flush=True)
"""


def creating(folder, count):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CREATE), str(folder), str(count)], stdout=subprocess.PIPE, text=True
    )


def made_by(processes, timeout):
    """The ids that they acknowledged, once all of them have ended well."""
    ids = {line for process in processes for line in process.communicate(timeout=timeout)[0].split()}
    assert {process.returncode for process in processes} == {0}
    return ids


def test_file_and_folder_are_their_owners_alone(bus, file):
    bus.listeners.create("room", {"room": "x"}, ["*"])
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in file.parent.iterdir() if one.suffix == ".tmp"] == []


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        (b"", StoreCorrupt, "is empty"),
        (b'{"listeners": {', StoreCorrupt, "torn"),
        (b'{"users": {}}', StoreCorrupt, "not a listeners file"),
        (b"[1, 2]", StoreCorrupt, "not a listeners file"),
        (b"\x00" * 4096, StoreCorrupt, "torn"),
        (b'{"format": {"1": {"name": "pulp-events listeners", "version": 99}}}', StoreTooNew, "newer release"),
        (b'{"format": {"1": {"name": "pulp-events listeners"}}}', StoreCorrupt, "not a listeners file"),
        (b'{"format": {"1": {"name": "pulp-events listeners", "version": "2"}}}', StoreCorrupt, "not a listeners file"),
        (b'{"format": {"1": {"name": "pulp-events listeners", "version": 1}}, "listeners": []}',
         StoreCorrupt, "not a listeners file"),
        (b"[" * 100_000, StoreCorrupt, "torn"),
        (b"\xff\xfe", StoreCorrupt, "torn"),
    ],
)  # fmt: skip
def test_a_torn_foreign_or_newer_file_is_reported_and_left_untouched(bus, file, content, error, text):
    file.parent.mkdir(mode=0o700)
    file.write_bytes(content)
    for attempt in (
        lambda: bus.listeners.create("room", {"room": "x"}, ["*"]),
        lambda: bus.listeners.list(),
        lambda: bus.listeners.delete("0" * 24),
        lambda: bus.emit("repo.sync.start"),
    ):
        with pytest.raises(error, match=text) as refused:
            attempt()
        assert str(file) in str(refused.value) and "\n" not in str(refused.value)
    assert file.read_bytes() == content


NAN, DEEP = float("nan"), json.loads("[" * 100 + "]" * 100)


@pytest.mark.parametrize(
    "damage",
    [
        {"event_types": "repo.sync.start"}, {"event_types": [5]}, {"targets": "ops"}, {"targets": None},
        {"enabled": "no"}, {"mute_drops": 0}, {"created": "2020-01-01T00:00:00"}, {"updated": "yesterday"},
        {"muted_until": 5}, {"notifier_config": 5}, {"notifier_config": {"size": NAN}},
        {"notifier_config": {"size": [1, {"x": float("inf")}]}}, {"notifier_config": {"size": DEEP}},
        {"notifier_config": {"room": "\ud800"}}, {"lanes": "2"}, {"lanes": NAN}, {"lanes": 0}, {"lanes": True},
        {"lanes": 1.0}, {"retry_schedule": ["x"]}, {"retry_schedule": [NAN]}, {"retry_schedule": [-1]},
        {"retry_schedule": "5s"}, {"retry_schedule": {"1": 2}}, {"filter": ["a"]}, {"disabled_reason": 5},
        {"notifier_type_id": None}, {"id": 7}, {"id": None}, {"id": ""}, {"id": "../../x"}, {"id": "A" * 24},
        {"filter": "((("}, {"filter": "nosuch(@)"}, {"filter": ""}, {"enabled": None},
        {"mute_drops": None},
    ],
    ids=repr,
)  # fmt: skip
def test_one_record_that_was_edited_into_nonsense_is_left_out_named_and_kept(open_bus, file, room, caplog, damage):
    first = open_bus()
    first.listeners.create("room", {"room": "bad", "token": "hunter2"}, ["*"])
    first.listeners.create("room", {"room": "good"}, ["*"])
    content = json.loads(file.read_text())
    content["listeners"]["1"].update(damage)
    file.write_text(json.dumps(content))
    bad, bus = json.loads(file.read_text())["listeners"]["1"], open_bus()
    assert [listener.targets for listener in bus.listeners.list()] == [("good",)]
    bus.emit("repo.sync.start")
    assert [config["room"] for _, config in room.calls] == ["good"]
    bus.listeners.update(bus.listeners.list()[0].id, {"size": 2})
    bus.listeners.create("room", {"room": "new"}, ["*"])
    bus.emit("repo.sync.start")
    assert sorted(config["room"] for _, config in room.calls) == ["good", "good", "new"]
    text = f"{file}, record 1 "
    assert caplog.text.count(text) == 1 and next(iter(damage)) in caplog.text and "hunter2" not in caplog.text
    assert repr(json.loads(file.read_text())["listeners"]["1"]) == repr(bad)


@pytest.mark.parametrize("nonsense", [5, None, "x", [], {}])
def test_what_is_no_record_at_all_is_left_out_too(open_bus, file, nonsense):
    open_bus().listeners.create("room", {"room": "x"}, ["*"])
    content = json.loads(file.read_text())
    content["listeners"].update({"0": nonsense, "mine": nonsense})
    file.write_text(json.dumps(content))
    bus = open_bus()
    bus.listeners.create("room", {"room": "y"}, ["*"])
    assert len(bus.listeners.list()) == 2
    assert set(TinyDBListenerStore(file.parent).broken()) == {"0", "mine"}
    assert list(json.loads(file.read_text())["listeners"]) == ["1", "0", "mine", "2"]


def test_of_two_records_with_one_id_the_first_is_the_listener(open_bus, file):
    listener = open_bus().listeners.create("room", {"room": "x"}, ["*"])
    content = json.loads(file.read_text())
    copy = {**content["listeners"]["1"], "lanes": 2}
    content["listeners"] = {"5": {**copy, "lanes": "broken"}, "1": content["listeners"]["1"], "3": copy}
    file.write_text(json.dumps(content))
    bus = open_bus()
    assert bus.listeners.list() == [listener]
    assert "same id" in TinyDBListenerStore(file.parent).broken()["3"]
    bus.listeners.delete(listener.id)
    assert list(json.loads(file.read_text())["listeners"]) == ["5", "3"]


def test_what_a_killed_writer_left_is_removed_and_nothing_else(bus, file):
    bus.listeners.create("room", {"room": "x"}, ["*"])
    leftover = file.parent / ".listeners.json.abcd1234.tmp"
    others = [file.parent / name for name in (".listeners.json.swp", "listeners.json.bak", "listeners.json.tmp")]
    for path in (leftover, *others):
        path.write_text("hunter2")
    bus.listeners.create("room", {"room": "y"}, ["*"])
    assert not leftover.exists() and all(path.exists() for path in others)
    assert len(bus.listeners.list()) == 2


def test_a_full_disk_leaves_the_old_file_and_no_other(bus, file, monkeypatch):
    bus.listeners.create("room", {"room": "x"}, ["*"])
    before, names = file.read_bytes(), {path.name for path in file.parent.iterdir()}

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"listeners\.\w+: No space left.*data_dir"):
        bus.listeners.create("room", {"room": "y"}, ["*"])
    monkeypatch.undo()
    assert file.read_bytes() == before and {path.name for path in file.parent.iterdir()} == names
    assert len(bus.listeners.list()) == 1


def test_processes_that_create_at_once_lose_nothing(tmp_path):
    ids = made_by([creating(tmp_path, 10) for _ in range(10)], 100)
    assert {listener.id for listener in TinyDBListenerStore(tmp_path).all()} == ids
    assert len(ids) == 100


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_50_processes_that_each_create_20_leave_1000(tmp_path):
    ids = made_by([creating(tmp_path, 20) for _ in range(50)], 280)
    assert {listener.id for listener in TinyDBListenerStore(tmp_path).all()} == ids
    assert len(ids) == 1000


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_a_whole_file_with_all_that_it_acknowledged(tmp_path):
    dice, acknowledged = random.Random(7), set()
    for _ in range(12):
        process = creating(tmp_path, 1000)
        process.stdout.readline()  # it is at work
        time.sleep(dice.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
        acknowledged.update(line for line in out.split("\n") if len(line) == 24)
        stored = {listener.id for listener in TinyDBListenerStore(tmp_path).all()}
        assert acknowledged <= stored
    assert acknowledged
    json.loads((tmp_path / "listeners.json").read_text())
    assert creating(tmp_path, 1).wait(timeout=60) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"listeners.json", "listeners.lock"}, "no leftovers"


def test_a_running_application_hears_a_listener_that_another_process_made(open_bus, room):
    application, other = open_bus(), open_bus()

    def emit_soon(event_type):
        time.sleep(1.5 * HOLD)  # where the file is in memory, a change may take less than that
        application.emit(event_type)

    emit_soon("repo.sync.start")
    listener = other.listeners.create("room", {"room": "x"}, ["*"])
    emit_soon("repo.sync.finish")
    assert [event.event_type for event, _ in room.calls] == ["repo.sync.finish"]
    other.listeners.update(listener.id, event_types=["repo.publish.start"])
    emit_soon("repo.sync.finish")
    other.listeners.delete(listener.id)
    emit_soon("repo.publish.start")
    assert len(room.calls) == 1


def test_the_file_is_not_read_for_each_event(bus, monkeypatch):
    bus.listeners.create("room", {"room": "x"}, ["*"])
    reads = []
    every = TinyDBListenerStore.all
    monkeypatch.setattr(TinyDBListenerStore, "all", lambda self: (reads.append(1), every(self))[1])
    for _ in range(50):
        bus.emit("repo.sync.start")
    assert len(reads) == 1


def test_the_last_good_records_stay_in_use_while_the_file_is_unreadable(bus, room, file, caplog):
    bus.listeners.create("room", {"room": "x"}, ["*"])
    bus.emit("repo.sync.start")
    good = file.read_bytes()
    file.write_bytes(b"torn")
    time.sleep(1.5 * HOLD)
    for _ in range(3):
        bus.emit("repo.sync.start")
    assert len(room.calls) == 4
    errors = [record for record in caplog.records if record.name == index_module.__name__]
    assert len(errors) == 1 and str(file) in errors[0].getMessage()
    file.write_bytes(good)
    os.utime(file, ns=(1, 1))
    time.sleep(1.5 * HOLD)
    bus.emit("repo.sync.start")
    assert len(room.calls) == 5


class Coarse:
    """`os` whose `stat` counts time in steps of two seconds, and gives an inode again to what replaces a file."""

    def __getattr__(self, name):
        return getattr(os, name)

    def stat(self, path, **options):
        found = list(os.stat(path, **options))  # noqa: PTH116
        found[stat.ST_INO] = 7
        for place in (stat.ST_ATIME, stat.ST_MTIME, stat.ST_CTIME):
            found[place] = int(found[place]) // 2 * 2
        return os.stat_result(found)


@pytest.fixture
def coarse(monkeypatch):
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("pulp_events.") and getattr(module, "os", None) is os:
            monkeypatch.setattr(module, "os", Coarse())


def test_changes_within_one_tick_of_the_file_system_are_all_heard(tmp_path, coarse):
    application, other = (TinyDBListenerStore(tmp_path) for _ in range(2))
    listener = new_listener(lanes=1)
    other.add(listener)
    seen = set()
    for number in range(60):
        other.change(listener.id, lambda before, lanes=1 + number % 2: replace(before, lanes=lanes))  # of one size
        time.sleep(1.5 * HOLD)
        seen.add(application.version())
    assert len(seen) == 60


def test_a_record_that_was_edited_by_hand_within_the_tick_is_heard(tmp_path, coarse):
    application = TinyDBListenerStore(tmp_path)
    application.add(new_listener(lanes=1))
    before = application.version()
    path = tmp_path / "listeners.json"
    path.write_text(path.read_text().replace('"lanes": 1', '"lanes": 2'))
    time.sleep(1.5 * HOLD)
    assert application.version() != before


def test_the_file_counts_its_changes_and_one_without_a_count_is_read(tmp_path):
    store, path = TinyDBListenerStore(tmp_path), tmp_path / "listeners.json"
    store.add(new_listener())
    store.add(new_listener())

    def form():
        return json.loads(path.read_text())["format"]["1"]

    assert form() == {"name": "pulp-events listeners", "version": 1, "changes": 2}
    assert b'"changes": 2' in path.read_bytes()[: file_version.HEAD]
    for changes, after in ((None, 1), ("many", 1), (5, 6)):
        content = json.loads(path.read_text())
        content["format"]["1"].pop("changes")
        if changes is not None:
            content["format"]["1"]["changes"] = changes
        path.write_text(json.dumps(content))
        before = store.all()
        store.add(new_listener())
        assert store.all()[:-1] == before and form()["changes"] == after


def test_the_mode_of_the_file_is_kept_and_nothing_granted_to_everybody(bus, file):
    bus.listeners.create("room", {"room": "x"}, ["*"])
    for mode, after in ((0o640, 0o640), (0o664, 0o660), (0o600, 0o600), (0o777, 0o660)):
        file.chmod(mode)
        bus.listeners.create("room", {"room": "y"}, ["*"])
        assert stat.S_IMODE(file.stat().st_mode) == after


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_changes_stays_its_owners(tmp_path):
    TinyDBListenerStore(tmp_path).add(new_listener())
    for path in (tmp_path, *tmp_path.iterdir()):
        os.chown(path, 4321, 8765)
    TinyDBListenerStore(tmp_path).add(new_listener())
    found = {(path.stat().st_uid, path.stat().st_gid) for path in tmp_path.iterdir()}
    assert found == {(4321, 8765)}


def test_a_group_that_cannot_be_kept_is_granted_nothing(bus, file, monkeypatch):
    bus.listeners.create("room", {"room": "x"}, ["*"])
    file.chmod(0o640)
    every = os.fstat

    def another_group(handle):
        found = list(every(handle))
        found[stat.ST_GID] = 4321
        return os.stat_result(found)

    def refuse(handle, uid, gid):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", another_group)
        patch.setattr(os, "fchown", refuse)
        bus.listeners.create("room", {"room": "y"}, ["*"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
