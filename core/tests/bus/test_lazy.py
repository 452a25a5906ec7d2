"""A costly payload is made only if somebody would see it; `would_deliver` says so beforehand."""

import pytest

from pulp_events import EventBus, InvalidEvent, Plugins, UnknownEventType, hookimpl


class Made:
    """A payload that counts how often it is made."""

    def __init__(self, payload=None, error=None):
        self.times = 0
        self.payload = {"repo_id": "a"} if payload is None else payload
        self.error = error

    def __call__(self):
        self.times += 1
        if self.error is not None:
            raise self.error
        return self.payload


@pytest.fixture
def open_bus(tmp_path, recording):
    opened = []

    def open_it(*plugins, **sections):
        loaded = Plugins()
        for number, plugin in enumerate((recording, *plugins)):
            loaded.add(f"plugin{number}", plugin)
        settings = {"events": {"data_dir": tmp_path / "data"}, **sections}
        settings["events"] = {"data_dir": tmp_path / "data", **sections.get("events", {})}
        opened.append(EventBus.open(settings=settings, plugins=loaded, deliver="external"))
        return opened[-1]

    yield open_it
    for bus in opened:
        bus.close()


def test_a_payload_is_made_once_where_a_listener_matches_and_not_at_all_where_none_does(open_bus):
    bus = open_bus()
    payload, report = Made(), Made({"task_id": "7"})
    event = bus.emit("repo.sync.start", payload, report)
    assert (payload.times, report.times) == (0, 0) and event.payload == {} == event.call_report
    assert not bus.events.list()
    bus.listeners.create("recording", {}, ["repo.sync.*"])
    bus.listeners.create("recording", {}, ["repo.sync.start"], filter="payload.repo_id == 'b'")
    event = bus.emit("repo.sync.start", payload, report)
    assert (payload.times, report.times) == (1, 1)
    assert event.payload == {"repo_id": "a"} and bus.events.get(event.id).event.call_report == {"task_id": "7"}
    assert bus.emit("repo.publish.start", payload).payload == {} and payload.times == 1


def test_of_two_values_one_may_be_given(open_bus):
    bus = open_bus()
    event = bus.emit("repo.sync.start", {"repo_id": "x"}, Made())
    assert event.payload == {"repo_id": "x"} and event.call_report == {}


def test_it_is_made_where_the_event_is_kept_has_an_id_or_is_observed(open_bus):
    class Observer:
        @hookimpl
        def pulp_event_emitted(self, event):
            pass

    class Enricher:
        @hookimpl
        def pulp_before_emit(self, event):
            return None

    payload = Made()
    for number, bus in enumerate((open_bus(events={"keep": "all"}), open_bus(Observer()), open_bus(Enricher())), 1):
        bus.emit("repo.sync.start", payload)
        assert payload.times == number
    open_bus().emit("repo.sync.start", payload, id="mine")
    assert payload.times == 4


def test_what_it_raises_or_returns_wrongly_is_an_error_and_nothing_is_stored(open_bus):
    bus = open_bus()
    bus.listeners.create("recording", {}, ["*"])
    for error in (ValueError("no such row"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            bus.emit_many([("repo.sync.start", {"repo_id": "a"}), ("repo.sync.start", Made(error=error))])
    with pytest.raises(InvalidEvent, match="payload is of type list"):
        bus.emit("repo.sync.start", Made([1]))
    assert not bus.events.list()
    with pytest.raises(UnknownEventType):
        bus.emit("repo.snyc.start", payload := Made())
    with pytest.raises(InvalidEvent, match="id of an event"):
        bus.emit("repo.sync.start", payload, id="/")
    assert payload.times == 0
    assert bus.emit("repo.sync.start", lambda: None).payload == {}


def test_a_function_may_emit_and_may_be_one_of_many(open_bus):
    bus = open_bus(events={"keep": "all"})

    def payload():
        bus.emit("repo.publish.start", {"repo_id": "inner"})
        return {"repo_id": "outer"}

    bus.emit_many([("repo.sync.start", payload), ("repo.sync.start", {"repo_id": "plain"})])
    assert [one.event.payload["repo_id"] for one in bus.events.list()] == ["plain", "outer", "inner"]


def test_in_asyncio_it_is_made_in_a_thread(open_bus):
    import asyncio
    import threading

    bus = open_bus()
    bus.listeners.create("recording", {}, ["*"])
    names = []

    def payload():
        names.append(threading.current_thread().name)
        return {"repo_id": "a"}

    asyncio.run(bus.emit_async("repo.sync.start", payload))
    assert names and names != [threading.main_thread().name]


@pytest.mark.parametrize("while_disabled", ["wait", "skip"])
def test_would_deliver_says_whether_anybody_might_get_it(open_bus, while_disabled):
    bus = open_bus(delivery={"while_disabled": while_disabled})
    assert not bus.would_deliver("repo.sync.start")
    listener = bus.listeners.create("recording", {}, ["repo.sync.*"], filter="payload.repo_id == 'b'")
    assert bus.would_deliver("repo.sync.start") and not bus.would_deliver("repo.publish.start")
    bus.listeners.disable(listener.id)
    assert bus.would_deliver("repo.sync.start") is (while_disabled == "wait")
    bus.listeners.enable(listener.id)
    bus.listeners.mute(listener.id, 60)
    assert bus.would_deliver("repo.sync.start")
    bus.listeners.mute(listener.id, 60, drop=True)
    assert not bus.would_deliver("repo.sync.start")
    bus.listeners.create("recording", {}, ["repo.publish.start"], scope="tenant")
    assert not bus.would_deliver("repo.publish.start") and not bus.would_deliver("repo.publish.start", scope="other")
    assert bus.would_deliver("repo.publish.start", scope="tenant")
    with pytest.raises(UnknownEventType):
        bus.would_deliver("repo.snyc.start")
    with pytest.raises(InvalidEvent):
        bus.would_deliver("repo.sync.start", scope="\n")


@pytest.mark.parametrize("keep", ["matched", "all"])
def test_is_wanted_says_whether_emit_would_do_anything(open_bus, keep):
    bus = open_bus(events={"keep": keep}, delivery={"while_disabled": "skip"})
    assert bus.is_wanted("repo.sync.start") is (keep == "all")
    listener = bus.listeners.create("recording", {}, ["repo.sync.*"], scope="tenant")
    bus.listeners.disable(listener.id)
    assert bus.is_wanted("repo.sync.start", scope="tenant")  # that it was disabled is recorded
    assert bus.is_wanted("repo.sync.start", scope="other") is (keep == "all")
    with pytest.raises(UnknownEventType):
        bus.is_wanted("repo.snyc.start")
    with pytest.raises(InvalidEvent):
        bus.is_wanted("repo.sync.start", scope="\n")
