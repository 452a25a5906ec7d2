"""What a plugin raises to end the program, in a hook or a notifier's method, ends only that call, and is named."""

import os
import signal

import pytest
from marshmallow import Schema, fields, pre_load

from pulp_events import Channel, EventBus, Notifier, PluginError, SettingsError, hookimpl
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings

EXITS = [SystemExit(4), KeyboardInterrupt(), KeyError("hunter2")]


class RoomConfig(Schema):
    token = fields.String(metadata={"secret": True})
    raises = None

    @pre_load
    def look(self, config, **kwargs):
        if RoomConfig.raises:
            raise RoomConfig.raises
        return config


class Room(Notifier):
    type_id = "room"
    config_schema = RoomConfig

    def __init__(self):
        self.raises = {}
        self.delivered = 0

    def _call(self, name, result):
        if name in self.raises:
            raise self.raises[name]
        return result

    def prepare(self, config):
        return self._call("prepare", config)

    def check(self, config):
        return self._call("check", None)

    def targets(self, config):
        return self._call("targets", [""])

    def warnings(self, config, settings):
        return self._call("warnings", [])

    def window(self, config):
        return self._call("window", None)

    def limit(self, config, settings):
        return self._call("limit", 10.0)

    def open(self, config, settings):
        self._call("open", None)
        return RoomChannel(self)


class RoomChannel(Channel):
    def __init__(self, room):
        self.room = room

    @property
    def batch_size(self):
        return self.room._call("batch_size", 1)

    def open(self):
        self.room._call("channel open", None)

    def send(self, delivery):
        self.room._call("send", None)
        self.room.delivered += 1


class Plugin:
    def __init__(self, room):
        self.room = room

    @hookimpl
    def pulp_notifiers(self):
        return [self.room]

    @hookimpl
    def pulp_before_emit(self, event):
        self.room._call("pulp_before_emit", None)

    @hookimpl
    def pulp_event_emitted(self, event):
        self.room._call("pulp_event_emitted", None)

    @hookimpl
    def pulp_delivery_attempted(self, attempt):
        self.room._call("pulp_delivery_attempted", None)

    @hookimpl
    def pulp_outbox(self):
        return self.room._call("pulp_outbox", None)

    @hookimpl
    def pulp_listener_store(self):
        return self.room._call("pulp_listener_store", None)


@pytest.fixture
def room():
    return Room()


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN, signal.SIG_DFL], ids=["default", "ignored", "none"])
def at_interrupt(request):
    """What SIGINT does; in a job that a shell put into the background it is ignored."""
    before = signal.signal(signal.SIGINT, request.param)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def open_bus(tmp_path, room):
    plugins = Plugins()
    plugins.add("exits", Plugin(room))
    return lambda: EventBus.open(plugins=plugins, data_dir=tmp_path / "data", deliver="inline")


@pytest.mark.parametrize("exit", EXITS, ids=repr)
@pytest.mark.parametrize("hook", ["pulp_before_emit", "pulp_event_emitted", "pulp_delivery_attempted"])
def test_an_observer_that_exits_is_logged_and_the_event_delivered(open_bus, room, caplog, hook, exit):
    with open_bus() as bus:
        bus.listeners.create("room", {}, ["*"])
        room.raises[hook] = exit
        bus.emit("repo.sync.start")
        assert room.delivered == 1
    assert f"plugin exits: {hook} failed" in caplog.text


@pytest.mark.parametrize("exit", EXITS, ids=repr)
@pytest.mark.parametrize("method", ["prepare", "check", "targets"])
def test_a_notifier_that_exits_is_named_and_nothing_stored(open_bus, room, method, exit):
    with open_bus() as bus:
        room.raises[method] = exit
        with pytest.raises(PluginError, match=rf"'room', {method}\(\).*{type(exit).__name__}") as refused:
            bus.listeners.create("room", {"token": "hunter2"}, ["*"])
        assert "hunter2" not in str(refused.value)
        assert bus.listeners.list() == []


@pytest.mark.parametrize("exit", EXITS, ids=repr)
def test_warnings_that_exit_are_a_warning(open_bus, room, exit):
    with open_bus() as bus:
        listener = bus.listeners.create("room", {"token": "hunter2"}, ["*"])
        room.raises["warnings"] = exit
        [text] = bus.listeners.warnings(listener)
    assert "'room'" in text and type(exit).__name__ in text and "hunter2" not in text


@pytest.mark.parametrize("exit", EXITS, ids=repr)
def test_a_schema_that_exits_is_named_and_nothing_stored(open_bus, monkeypatch, exit):
    monkeypatch.setattr(RoomConfig, "raises", exit)
    with open_bus() as bus:
        with pytest.raises(PluginError, match=rf"'room', config_schema.*{type(exit).__name__}") as refused:
            bus.listeners.create("room", {"token": "hunter2"}, ["*"])
        assert "hunter2" not in str(refused.value)
        assert bus.listeners.list() == []


@pytest.mark.sample(19)
@pytest.mark.parametrize("exit", EXITS, ids=repr)
@pytest.mark.parametrize("method", ["limit", "window", "open", "batch_size", "channel open", "send"])
def test_a_delivery_that_a_notifier_ends_with_an_exit_fails_alone(open_bus, room, at_interrupt, method, exit):
    """Inline, so in the main thread, where a KeyboardInterrupt might be somebody's."""
    with open_bus() as bus:
        listener = bus.listeners.create("room", {"token": "hunter2"}, ["*"])
        room.raises[method] = exit
        event = bus.emit("repo.sync.start")
        [delivery] = bus.wait(event, timeout=0)
        assert delivery.state == "pending" and delivery.attempts == 1
        assert type(exit).__name__ in delivery.detail and "hunter2" not in delivery.detail
        if method != "window":  # a test event waits for no window
            [trial] = bus.test_listener(listener.id)
            assert trial.outcome == "error" and type(exit).__name__ in trial.detail


@pytest.mark.slow
def test_ctrl_c_amid_a_delivery_ends_the_program(open_bus, room):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with open_bus() as bus:
        bus.listeners.create("room", {}, ["*"])
        room._call = lambda name, result: os.kill(os.getpid(), signal.SIGINT) if name == "send" else result
        with pytest.raises(KeyboardInterrupt):
            bus.emit("repo.sync.start")
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("exit", EXITS, ids=repr)
def test_a_section_whose_schema_exits_is_named(tmp_path, exit):
    class Section(Schema):
        @pre_load
        def look(self, values, **kwargs):
            raise exit

    with pytest.raises(SettingsError, match=rf"section \[room\]: .*{type(exit).__name__}") as refused:
        Settings.load(None, {"room": Section})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("exit", EXITS[:2], ids=repr)
@pytest.mark.parametrize("hook", ["pulp_outbox", "pulp_listener_store"])
def test_a_store_that_exits_is_named(open_bus, room, hook, exit):
    room.raises[hook] = exit
    with pytest.raises(PluginError, match=rf"plugin exits, {hook}: it raised {type(exit).__name__}"), open_bus() as bus:
        bus.emit("repo.sync.start")
        bus.deliveries.list()


class Unspeakable(Exception):
    """Its own text raises."""

    def __init__(self, worse):
        super().__init__()
        self.worse = worse

    def __str__(self):
        raise self.worse

    __repr__ = __str__


@pytest.fixture
def attempted(eventually):
    """The deliveries of an event, once each was attempted."""

    def found(bus, event):
        deliveries = bus.outbox.of_event(event.id)
        return deliveries if all(one.attempts and one.lease is None for one in deliveries) else None

    return lambda bus, event: eventually(lambda: found(bus, event))


@pytest.mark.parametrize("worse", [AttributeError("missing"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_a_window_whose_error_cannot_be_shown_fails_its_deliveries(tmp_path, room, attempted, worse):
    plugins = Plugins()
    plugins.add("exits", Plugin(room))
    with EventBus.open(plugins=plugins, data_dir=tmp_path / "data") as bus:
        bus.listeners.create("room", {}, ["*"])
        room.raises["window"] = Unspeakable(worse)
        event = bus.emit("repo.sync.start")
        (delivery,) = attempted(bus, event)
    assert "its window cannot be determined: Unspeakable" in delivery.detail


def test_a_window_shows_no_secret(tmp_path, room, attempted, caplog):
    plugins = Plugins()
    plugins.add("exits", Plugin(room))
    with EventBus.open(plugins=plugins, data_dir=tmp_path / "data") as bus:
        bus.listeners.create("room", {"token": "S3CRET-TOKEN"}, ["*"])
        room.raises["window"] = ValueError("bad token S3CRET-TOKEN here")
        event = bus.emit("repo.sync.start")
        attempted(bus, event)
    assert "its window cannot be determined" in caplog.text
    assert "S3CRET" not in caplog.text


@pytest.mark.parametrize("method", ["targets", "prepare"])
def test_what_a_method_returns_by_mistake_shows_no_secret(tmp_path, method):
    class Mistaken(Room):
        def _call(self, name, result):
            return ("S3CRET-TOKEN", 1) if name == method else result

    plugins = Plugins()
    plugins.add("exits", Plugin(Mistaken()))
    with (
        EventBus.open(plugins=plugins, data_dir=tmp_path / "data", deliver="external") as bus,
        pytest.raises(PluginError, match=rf"{method}\(\)") as raised,
    ):
        bus.listeners.create("room", {"token": "S3CRET-TOKEN"}, ["*"])
    assert "S3CRET" not in str(raised.value)


def test_what_a_notifier_warns_of_shows_no_secret(open_bus, room):
    room._call = lambda name, result: ["the token S3CRET-TOKEN is short"] if name == "warnings" else result
    with open_bus() as bus:
        listener = bus.listeners.create("room", {"token": "S3CRET-TOKEN"}, ["*"])
        (text,) = bus.listeners.warnings(listener)
    assert text.startswith("the token")
    assert "S3CRET" not in text


@pytest.mark.parametrize("worse", [AttributeError("missing"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_a_plugin_whose_error_cannot_be_shown_is_left_out(worse):
    class Broken:
        @hookimpl
        def pulp_notifiers(self):
            raise Unspeakable(worse)

    with pytest.raises(PluginError, match="Unspeakable"):
        Plugins().add("broken", Broken())


def test_a_check_that_nobody_would_await_is_refused(open_bus, room):
    async def check(config):
        raise AssertionError("not reached")

    room.check = check
    with open_bus() as bus, pytest.raises(PluginError, match=r"check\(\): it must not be a coroutine function"):
        bus.listeners.create("room", {}, ["*"])
