"""Whichever way an application has its bus: what it emits is recorded, and nothing leaves or is written."""

import asyncio
import subprocess
import sys
import threading
from contextlib import nullcontext
from dataclasses import replace

import pytest

from pulp_events import EventBus, EventConflict, EventType, InvalidEvent, PayloadRefused, UnknownEventType, hookimpl
from pulp_events.testing import HttpSink, open_bus
from pulp_events.testing.recording import record_events

ORDER = EventType(
    "order.created",
    "An order was placed.",
    schema={"type": "object", "required": ["order_id"], "properties": {"order_id": {"type": "integer"}}},
)


@pytest.fixture
def opened(tmp_path):
    """A bus as an application opens it at an import, before anything is recorded."""
    with open_bus(tmp_path, deliver="external") as bus:  # no thread of its own writes beside the test
        bus.event_types.register(ORDER)
        yield bus


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_bus_that_was_open_is_recorded_and_its_own_stores_are_not_touched(opened, tmp_path):
    opened.emit("order.created", {"order_id": 1})
    before = files(tmp_path)
    with record_events() as events:
        opened.emit("order.created", {"order_id": 7})
        assert events.emitted("order.created", order_id=7)
        assert events.types == ["order.created"]
        assert files(tmp_path) == before
    assert [each.event.payload["order_id"] for each in opened.events.list()] == []
    assert opened.deliveries.list() == []


def test_a_bus_that_is_opened_meanwhile_makes_no_file_and_stays_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with record_events() as events:
        bus = EventBus.open(settings={"events": {"data_dir": tmp_path / "none"}}, plugins=False)
        bus.emit("repo.sync.start", {"repo_id": "a"})
    bus.emit("repo.sync.start", {"repo_id": "b"})
    bus.close()
    assert files(tmp_path) == {} and not (tmp_path / "none").exists()
    assert [each.payload["repo_id"] for each in events.emitted("repo.sync.start")] == ["a", "b"]


def test_after_the_recording_the_bus_works_with_its_own_stores_and_delivers(tmp_path, recording_bus, recording):
    bus = recording_bus(deliver="background")
    listener = bus.listeners.create("recording", {"name": "own"}, ["*"])
    with record_events() as events:
        assert bus.listeners.list() == []
        bus.emit("repo.sync.start", {"repo_id": "recorded"})
    assert len(events) == 1
    event = bus.emit("repo.sync.start", {"repo_id": "sent"})
    assert [each.state for each in bus.wait(event, timeout=30)] == ["delivered"]
    assert [each.id for each in bus.listeners.list()] == [listener.id]
    assert [sent.payload["repo_id"] for sent, _ in recording.calls] == ["sent"]


def test_the_deliveries_that_would_be_made_are_told_and_no_notifier_is_called(recording_bus, recording):
    bus = recording_bus()
    with record_events() as events:
        one = bus.listeners.create("recording", {"name": "one"}, ["repo.#"], filter="payload.repo_id == 'a'")
        bus.listeners.create("recording", {"name": "other"}, ["repo.publish.*"])
        event = bus.emit("repo.sync.start", {"repo_id": "a"})
        bus.emit("repo.sync.start", {"repo_id": "b"})
        assert [each.state for each in bus.wait(event, timeout=5)] == ["delivered"]
    assert recording.calls == []
    assert [[each.listener_id for each in event.deliveries] for event in events] == [[one.id], []]
    assert events[0].deliveries[0].report == events[0].report


@pytest.mark.parametrize("deliver", ["background", "emitted", "external", "inline"])
def test_all_ways_to_emit_are_recorded_in_their_order(tmp_path, deliver):
    with open_bus(tmp_path, deliver=deliver) as bus, record_events() as events:
        bus.emit("repo.sync.start", {"n": 1})
        bus.emit_many([("repo.sync.start", {"n": 2}), ("repo.sync.start", {"n": 3})])
        asyncio.run(bus.emit_async("repo.sync.start", {"n": 4}))
        bus.emit("repo.sync.start", lambda: {"n": 5})
        with bus.operation("repo.sync", {"n": 6}):
            pass
        assert [each.payload["n"] for each in events] == [1, 2, 3, 4, 5, 6, 6]
        assert events.types[-2:] == ["repo.sync.start", "repo.sync.finish"]


def test_threads_that_emit_at_once_are_all_recorded(opened):
    def work(number):
        for each in range(20):
            opened.emit("order.created", {"order_id": number * 100 + each})

    with record_events() as events:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [each.payload["order_id"] for each in events.emitted("order.created")]
    assert sorted(found) == sorted(number * 100 + each for number in range(4) for each in range(20))
    for number in range(4):
        own = [each for each in found if each // 100 == number]
        assert own == sorted(own)


def test_what_emit_refuses_is_refused_with_the_same_error_and_is_not_recorded(tmp_path):
    with open_bus(tmp_path, conf={"events": {"payloads": "strict"}}) as bus:
        bus.event_types.register(ORDER)
        with record_events() as events:
            for error, given in [
                (UnknownEventType, ("order.creatd", {})),
                (PayloadRefused, ("order.created", {"order_id": "seven"})),
                (InvalidEvent, ("order.created", {"order_id": object()})),
            ]:
                with pytest.raises(error):
                    bus.emit(*given)
            assert len(events) == 0


def test_an_id_is_emitted_once_and_another_content_is_a_conflict(opened):
    with record_events() as events:
        opened.emit("order.created", {"order_id": 7}, id="order-7")
        opened.emit("order.created", {"order_id": 7}, id="order-7")
        with pytest.raises(EventConflict):
            opened.emit("order.created", {"order_id": 8}, id="order-7")
        assert [each.id for each in events] == ["order-7"]


class Enriching:
    @hookimpl
    def pulp_before_emit(self, event):
        from dataclasses import replace

        return replace(event, payload={**event.payload, "card": "****", "tenant": "a"})


def test_the_payload_is_what_a_receiver_would_get(tmp_path):
    with open_bus(tmp_path, Enriching()) as bus, record_events() as events:
        bus.emit("repo.sync.start", {"sizes": (1, 2), "card": "4111"}, {"task": {3, 1}}, scope="a")
    [event] = events
    assert event.payload == {"sizes": [1, 2], "card": "****", "tenant": "a"}
    assert (event.call_report, event.scope, event.source) == ({"task": [1, 3]}, "a", "test")
    assert event.report == b'{"call_report":{"task":[1,3]},"event_type":"repo.sync.start","payload":' + (
        b'{"sizes":[1,2],"card":"****","tenant":"a"}}'
    )


def test_buses_of_one_data_folder_share_their_listeners_and_others_do_not(tmp_path, recording_bus):
    bus = recording_bus()
    with record_events() as events:
        bus.listeners.create("recording", {"name": "one"}, ["*"])
        with open_bus(tmp_path / "other") as other:
            other.emit("repo.sync.start")
        beside = recording_bus()
        beside.emit("repo.publish.start")
    assert [len(each.deliveries) for each in events] == [0, 1]


def test_recordings_within_each_other_keep_their_events_apart(opened):
    with record_events() as outer:
        opened.emit("order.created", {"order_id": 1})
        with record_events() as inner:
            opened.emit("order.created", {"order_id": 2})
        opened.emit("order.created", {"order_id": 3})
    assert [each.payload["order_id"] for each in outer] == [1, 3]
    assert [each.payload["order_id"] for each in inner] == [2]


def test_a_bus_that_is_closed_meanwhile_is_closed(tmp_path):
    bus = EventBus.open(settings={"events": {"data_dir": tmp_path}}, plugins=False)
    with record_events() as events:
        bus.emit("repo.sync.start")
        bus.close()
        assert len(events) == 1
    bus.close()
    assert len(events) == 1


def test_clear_forgets_what_was_emitted(opened):
    with record_events() as events:
        opened.emit("order.created", {"order_id": 1})
        events.clear()
        opened.emit("order.created", {"order_id": 2})
        assert [each.payload["order_id"] for each in events] == [2]


class Watching:
    """Observes everything, and changes events."""

    def __init__(self):
        self.told = []

    @hookimpl
    def pulp_before_emit(self, event):
        return replace(event, payload={**event.payload, "seen": True})

    @hookimpl
    def pulp_event_emitted(self, event):
        self.told.append("emitted")

    @hookimpl
    def pulp_events_counted(self, event_types):
        self.told.append("counted")

    @hookimpl
    def pulp_delivery_attempted(self, delivery):
        self.told.append("attempted")

    @hookimpl
    def pulp_listener_changed(self, by):
        self.told.append("changed")


def test_no_plugin_is_told_of_what_is_recorded_and_all_are_again_afterwards(tmp_path, eventually, recording):
    watching = Watching()
    with open_bus(tmp_path, recording, watching, deliver="inline") as bus:
        for record in (True, False):
            with record_events() if record else nullcontext() as events:
                bus.listeners.create("recording", {}, ["*"])
                bus.emit("repo.sync.start", {"repo_id": "a"})
                assert not record or (events[0].payload["seen"] and watching.told == [])
        eventually(lambda: {"emitted", "counted", "attempted", "changed"} <= set(watching.told))


RECORDED_RUN = """
import pathlib, pytest, shop

def test_one(emitted_events):
    shop.bus.emit("repo.sync.start", {"repo_id": "a"})
    assert emitted_events.types == ["repo.sync.start"]

def test_two():
    shop.bus.emit("repo.sync.start", {"repo_id": "b"})
"""
DELIVERED = """
def test_three():
    assert [each.state for each in shop.bus.wait("old", 60)] == ["delivered"]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("option", "delivers"), [("", True), ("pulp_events_record = true", False)])
def test_what_was_pending_is_not_delivered_by_a_bus_that_is_opened_at_an_import(tmp_path, option, delivers):
    data = tmp_path / "data"
    with HttpSink() as sink:
        with EventBus.open(data_dir=data, deliver="external") as bus:
            bus.listeners.create("http", {"url": sink.url}, ["*"])
            bus.emit("repo.sync.start", {"repo_id": "old"}, id="old")
        shop = f"from pulp_events import EventBus\nbus = EventBus.open(data_dir={str(data)!r})\n"
        (tmp_path / "shop.py").write_text(shop)
        (tmp_path / "test_shop.py").write_text(RECORDED_RUN + (DELIVERED if delivers else ""))
        (tmp_path / "pytest.ini").write_text(f"[pytest]\n{option}\n")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stdout + done.stderr
        with EventBus.open(data_dir=data, deliver="external") as bus:
            # A process that ends may leave its last delivery to the next one.
            assert bus.deliveries.stats().pending <= 1 if delivers else bus.deliveries.stats().pending == 1
        assert any(b'"old"' in each.body for each in sink.requests) == delivers == bool(sink.requests)
