"""An id that the application chooses makes `emit` safe to repeat: stored once, delivered once, the same event told."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from pulp_events import (
    DeliveryQuery,
    EventBus,
    EventConflict,
    EventNotFound,
    EventQuery,
    EventsError,
    InvalidEvent,
    hookimpl,
)
from pulp_events.plugins.registry import Plugins

PAYLOAD = {"repo_id": "pulp2", "size": 3}


@pytest.fixture
def bus(recording_bus):
    opened = recording_bus()
    opened.listeners.create("recording", {}, ["repo.#"])
    return opened


def kept(bus):
    return [(each.id, each.event_type, each.deliveries) for each in bus.events.list()]


def test_the_same_id_again_returns_the_stored_event_and_delivers_nothing(bus, recording):
    first = bus.emit("repo.sync.start", PAYLOAD, {"task": 1}, id="sync-1")
    again = bus.emit("repo.sync.start", dict(reversed(PAYLOAD.items())), {"task": 1}, id="sync-1")
    assert first.id == "sync-1" and again == first and again.time == first.time
    assert len(recording.calls) == 1
    assert [one.id for one in bus.wait(again, 0)] == ["sync-1.0"]
    assert kept(bus) == [("sync-1", "repo.sync.start", 1)]


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (("repo.sync.finish", PAYLOAD, {}), 'event_type was "repo.sync.start" and is "repo.sync.finish" now'),
        (("repo.sync.start", {**PAYLOAD, "size": 4}, {}), "payload.size was 3 and is 4 now"),
        (("repo.sync.start", {**PAYLOAD, "size": 3.0}, {}), "payload.size was 3 and is 3.0 now"),
        (("repo.sync.start", {"repo_id": "pulp2"}, {}), "payload.size was 3 and is missing now"),
        (("repo.sync.start", PAYLOAD, {"task": [1]}), "call_report.task was missing and is [1] now"),
    ],
)
def test_the_same_id_with_another_content_is_refused_and_both_are_shown(bus, recording, event, shown):
    bus.emit("repo.sync.start", PAYLOAD, id="sync-1")
    with pytest.raises(EventConflict) as refused:
        bus.emit(*event, id="sync-1")
    assert "'sync-1'" in str(refused.value) and shown in str(refused.value) and "\n" not in str(refused.value)
    assert json.loads(refused.value.stored)["payload"] == PAYLOAD
    assert json.loads(refused.value.given)["payload"] == event[1]
    assert len(recording.calls) == 1 and len(kept(bus)) == 1


def test_several_are_stored_all_or_none_and_one_id_among_them_once(bus, recording):
    one, two, again = bus.emit_many(
        [("repo.sync.start", PAYLOAD, None, "a"), ("repo.sync.start",), ("repo.sync.start", PAYLOAD, {}, "a")]
    )
    assert one is again and two.id != "a" and len(recording.calls) == 2
    with pytest.raises(EventConflict):
        bus.emit_many([("repo.sync.start", {}, None, "new"), ("repo.sync.finish", PAYLOAD, None, "a")])
    with pytest.raises(EventConflict, match="'new' is that of another event of this call with another content") as both:
        bus.emit_many([("repo.sync.start", {}, None, "new"), ("repo.sync.finish", {}, None, "new")])
    assert "was emitted" not in str(both.value)
    assert [each.id for each in bus.events.list()] == [two.id, "a"] and len(recording.calls) == 2
    with pytest.raises(InvalidEvent):
        bus.emit_many([("repo.sync.start", {}, None, "b", 5)])


def test_it_holds_from_asyncio(bus, recording):
    async def emit():
        return await asyncio.gather(*(bus.emit_async("repo.sync.start", PAYLOAD, id="x") for _ in range(20)))

    assert len({event.time for event in asyncio.run(emit())}) == 1
    assert len(recording.calls) == 1 and kept(bus) == [("x", "repo.sync.start", 1)]


def test_an_event_with_an_id_is_stored_also_where_no_listener_matches(bus, recording):
    event = bus.emit("listener.disabled", {"n": 1}, id="alone")
    assert kept(bus) == [("alone", "listener.disabled", 0)]
    bus.listeners.create("recording", {}, ["*"])
    assert bus.emit("listener.disabled", {"n": 1}, id="alone") == event
    assert recording.calls == [], "the listener is younger than the event"


def test_plugins_are_told_once_and_what_they_add_does_not_count(tmp_path, recording):
    told, count = [], iter(range(100))

    class Adding:
        @hookimpl
        def pulp_before_emit(self, event):
            return replace(event, payload={**event.payload, "number": next(count)})

        @hookimpl
        def pulp_event_emitted(self, event, listeners):
            told.append((event.id, event.payload["number"]))

    plugins = Plugins()
    plugins.add("adding", Adding())
    config = tmp_path / "server.conf"
    config.write_text("")
    with EventBus.open(config, plugins=plugins, data_dir=tmp_path / "data", deliver="inline") as bus:
        first = bus.emit("repo.sync.start", PAYLOAD, id="x")
        again = bus.emit("repo.sync.start", PAYLOAD, id="x")
        assert first.payload["number"] == again.payload["number"] == 0 and told == [("x", 0)]
        with pytest.raises(EventConflict, match="what was given for it before plugins changed it; as it is after that"):
            bus.emit("repo.sync.start", {**PAYLOAD, "number": 0}, id="x")
        assert [each.id for each in bus.emit_many([("repo.sync.start", PAYLOAD, None, i) for i in "xyz"])] == [*"xyz"]
        assert [event_id for event_id, _ in told] == [*"xyz"]


@pytest.mark.parametrize("good", ["a", "0", "A" * 200, "urn:uuid:1-2", "order_1.2.3", "x@y+z=~", "9.1"])
def test_an_id_may_be(bus, good):
    assert bus.emit("repo.sync.start", id=good).id == good
    [delivery] = bus.wait(good, 0)
    assert delivery.id == f"{good}.0" and bus.deliveries.get(delivery.id).event_id == good
    assert bus.deliveries.attempts(delivery.id)[0].number == 1
    assert [each.id for each in bus.events.list(EventQuery(id_prefix=good[:3]))] == [good]
    assert bus.events.get(good).event.payload == {}


@pytest.mark.parametrize(
    "bad", ["", " ", "a b", "-a", ".a", "a" * 201, "é", "a\n", "a\0", "a/b", "a'b", "$(x)", "a;b", 5, b"a", True]
)
def test_an_id_may_not_be(bus, bad):
    with pytest.raises(InvalidEvent, match="the id of an event cannot be"):
        bus.emit("repo.sync.start", id=bad)
    assert kept(bus) == []


def test_an_event_that_is_not_stored_is_said_to_be_none(bus):
    with pytest.raises(EventNotFound, match="'nope'"):
        bus.events.get("nope")
    with pytest.raises(EventsError, match="limit"):
        bus.events.list(limit=-1)


def test_within_the_applications_transaction_a_repeat_leaves_it_as_it_was(tmp_path, recording):
    database = tmp_path / "application.sqlite"
    with sqlite3.connect(database) as setup:
        setup.execute("CREATE TABLE sync (n)")
    setup.close()
    config = tmp_path / "server.conf"
    config.write_text(f"[events]\noutbox = {database}\ndata_dir = {tmp_path / 'data'}\n")
    with EventBus.open(config, plugins=Plugins(), deliver="external") as bus:
        assert bus.events.list() == []
        connection = sqlite3.connect(database)
        connection.execute("INSERT INTO sync VALUES (1)")
        first = bus.emit("repo.sync.start", PAYLOAD, id="x", connection=connection)
        assert bus.emit("repo.sync.start", PAYLOAD, id="x", connection=connection) == first
        with pytest.raises(EventConflict):
            bus.emit("repo.sync.finish", PAYLOAD, id="x", connection=connection)
        connection.execute("INSERT INTO sync VALUES (2)")
        assert bus.events.list() == []
        connection.rollback()
        assert bus.events.list() == [], "it was never emitted"
        bus.emit("repo.sync.finish", {}, id="x", connection=connection)
        connection.execute("INSERT INTO sync VALUES (3)")
        connection.commit()
        connection.execute("BEGIN")
        bus.emit("repo.sync.start", id="y")
        assert bus.emit("repo.sync.start", id="y", connection=connection).id == "y"
        connection.commit()
        assert connection.execute("SELECT n FROM sync").fetchall() == [(3,)]
        connection.close()
        assert [each.id for each in bus.events.list()] == ["y", "x"]


def test_an_id_can_be_used_again_once_its_event_was_deleted(tmp_path, recording_bus, recording):
    bus = recording_bus()
    bus.listeners.create("recording", {}, ["*"])
    bus.emit("repo.sync.start", PAYLOAD, id="x")
    assert sum(bus.deliveries.purge(DeliveryQuery())) == 1
    assert kept(bus) == []
    bus.emit("repo.sync.finish", id="x")
    assert len(recording.calls) == 2


EMIT = """
import sys, time
from pathlib import Path
from pulp_events import EventBus, Plugins
folder = Path(sys.argv[1])
bus = EventBus.open(folder / "server.conf", deliver="external", data_dir=folder / "data")
bus.listeners.list(), bus.outbox
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    event = bus.emit("repo.sync.start", {"number": number}, id=f"chosen-{number}")
    print(event.id, event.time.isoformat(), event.payload["number"], flush=True)
"""


def race(folder, processes=50):
    """What each of many processes that emit the same ids at once was told."""
    running = [
        subprocess.Popen([sys.executable, "-c", EMIT, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for each in running:
        assert each.stdout.readline() == "ready\n"
    for each in running:
        each.stdin.write("\n")
        each.stdin.flush()
    told = [each.communicate(timeout=250)[0].splitlines() for each in running]
    assert all(each.returncode == 0 for each in running)
    return told


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_of_50_processes_that_emit_the_same_ids_one_stores_each_and_all_are_told_of_it(tmp_path):
    config = tmp_path / "server.conf"
    config.write_text("[storage]\ntimeout = 250s\n")  # on a busy machine, they keep one of them waiting for long
    with EventBus.open(config, deliver="external", data_dir=tmp_path / "data") as bus:
        bus.listeners.create("http", {"url": "http://127.0.0.1:9/"}, ["*"])
        told = race(tmp_path)
        assert len(told) == 50 and len(told[0]) == 20 and all(each == told[0] for each in told)
        assert sorted(each.id for each in bus.events.list(limit=999)) == sorted(f"chosen-{n}" for n in range(20))
        assert bus.deliveries.stats().pending == 20
