"""Who changed which listener, and how, is kept with the change, and holds no secret."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from pulp_events import EventBus, InvalidConfig, ListenerNotFound, StoreError, hookimpl
from pulp_events.listeners.atomic_storage import AtomicJSONStorage
from pulp_events.listeners.journal import Journal, read_line
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events.plugins.registry import Plugins
from pulp_events.system import who
from pulp_events.testing.clock import FakeClock


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "data" / "listeners.history"


def actions(bus, *arguments, **options):
    return [str(each.action) for each in bus.listeners.history(*arguments, **options)][::-1]


def test_each_change_is_kept_with_what_it_was_and_who_made_it(open_bus):
    bus = open_bus(by="ops")
    listener = bus.listeners.create("room", {"room": "a"}, ["*"], name="ci")
    bus.listeners.update("ci", {"room": "b"}, lanes=2)
    bus.listeners.by("alice").mute(listener.id, 60)
    bus.listeners.unmute(listener.id)
    bus.listeners.disable(listener.id, "holiday")
    bus.listeners.enable(listener.id)
    assert bus.listeners.disable_for(listener.id, "410 Gone")
    bus.listeners.update(listener.id, {"room": "b"})  # nothing changes
    with bus.listeners.together() as several:
        several.update(listener.id, filter="payload")
        several.delete(listener.id)
    found = bus.listeners.history("ci")[::-1]
    assert [each.action for each in found] == [
        "created", "updated", "muted", "unmuted", "disabled", "enabled", "disabled", "deleted",
    ]  # fmt: skip
    assert [each.by for each in found] == ["ops", "ops", "alice", "ops", "ops", "ops", "dispatcher", "ops"]
    said = [(each.key, each.before, each.after) for each in found[1].differences()]
    assert sorted(said) == [("lanes", None, 2), ("notifier_config.room", "a", "b"), ("targets", ["a"], ["b"])]
    said = [(each.key, each.before, each.after) for each in found[6].differences()]
    assert said == [("enabled", True, False), ("disabled_reason", None, "410 Gone")]
    assert {each.listener_id for each in found} == {listener.id} and found[-1].name == "ci"


def test_the_history_is_asked_for_by_id_name_time_and_number(open_bus):
    clock = FakeClock()
    bus = open_bus(clock=clock)
    one, two = (bus.listeners.create("room", {"room": "a"}, ["*"], name=name) for name in ("one", "two"))
    clock.advance(60)
    after = bus.listeners.update("one", name="uno")
    bus.listeners.delete("two")
    assert actions(bus) == ["created", "created", "updated", "deleted"]
    assert actions(bus, "uno") == actions(bus, one.id) == actions(bus, "one") == ["created", "updated"]
    assert actions(bus, "two") == actions(bus, two.id) == ["created", "deleted"]
    assert actions(bus, since=after.updated) == ["updated", "deleted"] and actions(bus, limit=1) == ["deleted"]
    bus.listeners.create("room", {"room": "a"}, ["*"], name="one")
    assert actions(bus, "one") == ["created"], "a name is that of the listener that has it now"
    with pytest.raises(ListenerNotFound, match="three"):
        bus.listeners.history("three")


def test_a_secret_that_changes_is_known_to_have_changed_and_is_nowhere(open_bus, journal):
    bus = open_bus()
    config = {"room": "a", "token": "hunter2", "url": "http://me:hunter2@ci.example/"}
    listener = bus.listeners.create("room", config, ["*"])
    bus.listeners.update(listener.id, {"token": "hunter22"})
    bus.listeners.update(listener.id, {"url": "http://me:hunter23@ci.example/"})
    bus.listeners.update(listener.id, {"token": {"$env": "TOKEN"}})
    bus.listeners.update(listener.id, {"token": None})
    found = [each.differences() for each in bus.listeners.history()][::-1]
    shown = [[(each.key, each.before, each.after, each.hidden) for each in differences] for differences in found[1:]]
    mask = "********"
    assert shown[:2] == [
        [("notifier_config.token", mask, mask, True)],
        [("notifier_config.url", f"http://me:{mask}@ci.example/", f"http://me:{mask}@ci.example/", True)],
    ]
    assert shown[2:] == [
        [("notifier_config.token", mask, "env:TOKEN", False)],
        [("notifier_config.token", "env:TOKEN", None, False)],
    ]
    assert "hunter" not in journal.read_text() and "hunter" not in repr(bus.listeners.history())
    assert journal.stat().st_mode & 0o777 == 0o600


def test_what_a_schema_cannot_redact_is_masked_and_keeps_no_change_up(open_bus, room, monkeypatch, journal):
    bus = open_bus()
    listener = bus.listeners.create("room", {"room": "hunter2"}, ["*"])
    monkeypatch.setattr("pulp_events.listeners.redacted.redact", lambda *given: 1 / 0)
    assert not bus.listeners.disable(listener.id).enabled
    assert bus.listeners.history()[0].after["notifier_config"] == {"room": "********"}


def test_many_changes_in_one_write_are_many_of_the_history(open_bus, journal):
    bus = open_bus()
    with bus.listeners.together() as several:
        ids = [several.create("room", {"room": str(number)}, ["*"]).id for number in range(50)]
    assert len({json.loads(line)["number"] for line in journal.read_text().splitlines()}) == 1
    assert [each.listener_id for each in bus.listeners.history()] == ids[::-1]


def test_an_observer_sees_each_change_and_one_that_fails_does_no_harm(tmp_path, room, caplog):
    seen = []

    class Broken:
        @hookimpl
        def pulp_listener_changed(self):
            raise SystemExit(3)

    class Plugin:
        @hookimpl
        def pulp_notifiers(self):
            return [room]

        @hookimpl
        def pulp_listener_changed(self, before, after, by):
            seen.append((before, after, by))

    plugins = Plugins()
    plugins.add("a-broken", Broken())
    plugins.add("room", Plugin())
    with EventBus.open(plugins=plugins, data_dir=tmp_path / "data", deliver="inline", by="me") as bus:
        made = bus.listeners.create("room", {"room": "a", "token": "hunter2"}, ["*"])
        bus.listeners.enable(made.id)  # it is
        off = bus.listeners.disable(made.id)
        with pytest.raises(InvalidConfig):
            bus.listeners.update(made.id, {"room": ""})
        bus.listeners.delete(made.id)
        assert seen == [(None, made, "me"), (made, off, "me"), (off, None, "me")]
        assert made.notifier_config["token"] == "hunter2" and caplog.text.count("a-broken") == 3
        assert len(bus.listeners.history()) == 3


class WithoutHistory:
    """A store as the protocol was without a history."""

    def __init__(self, folder):
        store = TinyDBListenerStore(folder)
        for name in ("version", "all", "broken", "add", "change", "remove", "edit", "close"):
            setattr(self, name, getattr(store, name))


def test_a_store_without_history_works_and_says_that_it_has_none(tmp_path, room):
    seen = []

    class Plugin:
        @hookimpl
        def pulp_notifiers(self):
            return [room]

        @hookimpl
        def pulp_listener_store(self):
            return WithoutHistory(tmp_path / "elsewhere")

        @hookimpl
        def pulp_listener_changed(self, after):
            seen.append(after)

    plugins = Plugins()
    plugins.add("room", Plugin())
    with EventBus.open(plugins=plugins, data_dir=tmp_path / "data", deliver="inline") as bus:
        listener = bus.listeners.create("room", {"room": "a"}, ["*"])
        off = bus.listeners.disable(listener.id)
        assert seen == [listener, off] and bus.listeners.list() == [off] and not bus.listeners.keeps_history
        with pytest.raises(StoreError, match="WithoutHistory.*keeps no history"):
            bus.listeners.history()


@pytest.mark.parametrize("who", ["", " ", "a\nb", "x" * 201, 7, "dispatcher", "Dispatcher "])
def test_by_is_a_line_of_text(open_bus, who):
    with pytest.raises(InvalidConfig, match="by is"):
        open_bus(by=who)
    with pytest.raises(InvalidConfig, match="by is"):
        open_bus().listeners.by(who)


def test_who_runs_a_process_is_its_user_whoever_asked_for_that_and_its_program():
    me = who.user({})
    assert who.user({"SUDO_USER": "alice-of-sudo"}) == f"{me} (sudo by alice-of-sudo)"
    assert who.user({"SUDO_USER": me}) == me
    found = {text: who.program([text]) for text in ("/srv/app.py", "/lib/shop/__main__.py", "", "-c")}
    assert found == {"/srv/app.py": "app.py", "/lib/shop/__main__.py": "shop", "": "python", "-c": "python"}


# What a crash leaves behind.


def test_a_change_that_was_begun_and_never_made_is_in_no_history(open_bus, journal, file):
    bus = open_bus()
    listener = bus.listeners.create("room", {"room": "a"}, ["*"])
    records, lines = file.read_bytes(), journal.read_bytes()
    with bus.listeners.together() as several:
        for number in range(5):
            several.create("room", {"room": str(number)}, ["*"])
    file.write_bytes(records)  # as after a kill between the two
    assert actions(bus) == ["created"]
    with journal.open("ab") as cut:
        cut.write(b'{"number": 2, "ti')  # and in the middle of a line
    assert actions(bus) == ["created"]
    bus.listeners.disable(listener.id)
    assert actions(bus) == ["created", "disabled"] and journal.read_bytes().startswith(lines)
    assert len(journal.read_bytes().splitlines()) == 2


def test_lines_longer_than_what_is_read_at_once_are_found(open_bus, journal, file):
    bus = open_bus()
    listener = bus.listeners.create("room", {"room": "a" * 100_000}, ["*"])
    for number in range(3):
        records = file.read_bytes()
        bus.listeners.update(listener.id, lanes=number + 1)
    file.write_bytes(records)
    assert actions(bus) == ["created", "updated", "updated"]
    bus.listeners.delete(listener.id)
    assert actions(bus) == ["created", "updated", "updated", "deleted"]


def test_the_history_is_read_from_its_end_and_only_as_far_as_is_asked(open_bus, journal, file, monkeypatch):
    bus = open_bus()
    one = bus.listeners.create("room", {"room": "ü" * 999}, ["*"])
    other = bus.listeners.create("room", {"room": "b"}, ["*"])
    for number in range(200):
        bus.listeners.update(one.id, lanes=number % 2 + 1)
    read = Counter()
    parse = read_line

    def counted(line):
        read["lines"] += 1
        return parse(line)

    def whole_file(storage):
        raise AssertionError("all records were read")

    monkeypatch.setattr("pulp_events.listeners.journal.read_line", counted)
    monkeypatch.setattr(AtomicJSONStorage, "read", whole_file)
    assert actions(bus, limit=5) == ["updated"] * 5 and read["lines"] < 10
    read.clear()
    assert actions(bus, other.id) == ["created"] and read["lines"] == 1, "what is another's is not parsed"
    assert len(actions(bus, one.id)) == 201
    monkeypatch.undo()
    by_hand = json.loads(file.read_bytes())
    del by_hand["format"]["1"]["changes"]
    file.write_text(json.dumps(by_hand))
    assert len(actions(bus)) == 202, "without a number in its first bytes, the whole file tells it"


def test_an_older_file_of_records_that_is_put_back_takes_no_history_away(open_bus, file):
    bus = open_bus()
    listener = bus.listeners.create("room", {"room": "a"}, ["*"])
    records = file.read_bytes()
    for number in range(3):
        bus.listeners.update(listener.id, lanes=number + 1)
    file.write_bytes(records)
    assert actions(bus) == ["created", *["updated"] * 3]
    bus.listeners.delete(listener.id)
    assert actions(bus) == ["created", *["updated"] * 3, "deleted"]


def test_where_the_history_cannot_be_written_nothing_is_changed(open_bus, journal, file, monkeypatch):
    bus = open_bus()
    listener = bus.listeners.create("room", {"room": "a"}, ["*"])
    records, lines = file.read_bytes(), journal.read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("pulp_events.listeners.journal.os.fsync", full)
        with pytest.raises(StoreError, match=r"listeners\.history: No space left"):
            bus.listeners.disable(listener.id)
    assert file.read_bytes() == records and journal.read_bytes() == lines
    bus.listeners.disable(listener.id)
    assert actions(bus) == ["created", "disabled"]


def test_a_damaged_line_is_left_out_and_said(open_bus, journal, caplog):
    bus = open_bus()
    listener = bus.listeners.create("room", {"room": "a"}, ["*"])
    bus.listeners.disable(listener.id)
    first, second = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b'{"number": 1, "time": "soon"}\n[]\n' + second)
    assert actions(bus) == ["disabled"] and "2 damaged lines are" in caplog.text
    journal.write_bytes(b"[]\n" + second)
    assert actions(bus) == ["disabled"] and "1 damaged line is left out" in caplog.text


def test_the_history_is_kept_as_long_as_is_said_and_no_longer(tmp_path, room):
    plugins, clock = Plugins(), FakeClock()
    plugins.add("room", room)
    conf = tmp_path / "server.conf"

    def opened(keep):
        conf.write_text(f"[events]\ndata_dir = {tmp_path}/data\nkeep_history = {keep}\n")
        return EventBus.open(conf, plugins=plugins, deliver="inline", clock=clock)

    with opened("10d") as bus:
        listener = bus.listeners.create("room", {"room": "a"}, ["*"])
        for number in range(40):
            clock.advance(86400)
            bus.listeners.update(listener.id, lanes=number % 2 + 1)
        kept = bus.listeners.history()
        assert 10 <= len(kept) <= 12 and kept[0].time - kept[-1].time <= timedelta(days=11)
    journal = tmp_path / "data" / "listeners.history"
    with opened("0s") as bus:
        assert bus.listeners.history() == [] and journal.exists()
        bus.listeners.update(listener.id, lanes=7)
        assert bus.listeners.history() == [] and not journal.exists()
    with opened("10d") as bus:
        assert actions(bus) == []
        bus.listeners.delete(listener.id)
        assert actions(bus) == ["deleted"]


@pytest.mark.parametrize("damage", ["", '{"number": 1, "time": "soon"}\n'])
def test_a_first_line_that_is_long_or_damaged_keeps_nothing_from_growing_old(tmp_path, room, damage):
    plugins, clock = Plugins(), FakeClock()
    plugins.add("room", room)
    conf, journal = tmp_path / "server.conf", tmp_path / "data" / "listeners.history"
    conf.write_text(f"[events]\ndata_dir = {tmp_path}/data\nkeep_history = 2s\n")
    with EventBus.open(conf, plugins=plugins, deliver="inline", clock=clock) as bus:
        listener = bus.listeners.create("room", {"room": "a" * 190_000}, ["*"])
        journal.write_bytes(damage.encode() + journal.read_bytes())
        for number in range(3):
            clock.advance(5)
            bus.listeners.update(listener.id, lanes=number + 1)
            assert len(bus.listeners.history()) == 1
    assert damage.encode() not in journal.read_bytes() or not damage


def test_a_listener_that_changes_much_takes_nothing_from_the_others(open_bus, journal, monkeypatch, caplog):
    monkeypatch.setattr("pulp_events.listeners.journal.MOST", 10_000)
    bus = open_bus()
    quiet = bus.listeners.create("room", {"room": "q"}, ["*"])
    bus.listeners.disable(quiet.id)
    busy = bus.listeners.create("room", {"room": "b"}, ["*"])
    for number in range(60):
        bus.listeners.update(busy.id, lanes=number % 2 + 1)
        assert journal.stat().st_size < 12_000
    assert [change.action for change in bus.listeners.history(quiet.id)] == ["disabled", "created"]
    assert 4 < len(bus.listeners.history(busy.id)) < 40
    assert "of the oldest changes of listeners were removed" in caplog.text


def test_a_file_that_grows_beyond_all_measure_loses_its_older_half(open_bus, journal, monkeypatch):
    monkeypatch.setattr("pulp_events.listeners.journal.MOST", 10_000)
    bus = open_bus()
    listener = bus.listeners.create("room", {"room": "a"}, ["*"])
    for number in range(60):
        bus.listeners.update(listener.id, lanes=number % 2 + 1)
        assert journal.stat().st_size < 12_000
    assert 5 < len(bus.listeners.history()) < 60


_CHANGES = """
import sys
from pulp_events.listeners.tinydb_store import TinyDBListenerStore
from pulp_events.testing.listener_store_contract import new_listener, noted
from pathlib import Path
store = TinyDBListenerStore(Path(sys.argv[1]))
print("begun", flush=True)
while True:
    listener = new_listener()
    store.edit(noted(lambda edit: edit.add(listener), 0))
    store.edit(noted(lambda edit: edit.remove(listener.id), 1))
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_records_and_their_history_tell_the_same(tmp_path):
    folder = tmp_path / "data"
    for turn in range(25):
        process = subprocess.Popen([sys.executable, "-c", _CHANGES, str(folder)], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01 + turn * 0.0037)
        process.send_signal(signal.SIGKILL)
        process.wait()
        store = TinyDBListenerStore(folder)
        there = {each.id for each in store.all()}
        told: set[str] = set()
        from pulp_events.listeners.history import HistoryQuery

        for change in reversed(store.history(HistoryQuery())):
            (told.discard if change.after is None else told.add)(change.listener_id)
        assert told == there
    assert Path(folder, "listeners.history").stat().st_size and [
        *Journal(folder / "listeners.history", 1.0).newest_first()
    ]
