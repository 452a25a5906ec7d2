"""A notifier that does as its listener's configuration says, and buses that have it."""

import threading
import time
from collections import defaultdict

import pytest
from marshmallow import Schema, fields

from pulp_events import Channel, EventBus, Notifier, PermanentFailure, TransientFailure, hookimpl
from pulp_events.plugins.registry import Plugins
from pulp_events.testing.clock import FakeClock


class ScriptedConfig(Schema):
    name = fields.String(required=True, metadata={"help": "name under which calls are noted"})
    token = fields.String(metadata={"help": "a secret", "secret": True})
    to = fields.List(fields.String(), metadata={"help": "targets"})


class ScriptedChannel(Channel):
    def __init__(self, notifier, config):
        self.notifier, self.config, self.name = notifier, config, config["name"]

    def open(self):
        self.notifier.opened[self.name] += 1

    def close(self):
        self.notifier.closed[self.name] += 1

    def send(self, delivery):
        self.notifier.calls.append((self.name, delivery, threading.current_thread()))
        return self.notifier.act(self.name, delivery, self)


class Scripted(Notifier):
    """`behaviour[name]` is called with the delivery and the channel; without one, the delivery succeeds."""

    type_id = "scripted"
    config_schema = ScriptedConfig
    time_limit = 30.0

    def __init__(self):
        self.calls, self.behaviour = [], {}
        self.opened, self.closed = defaultdict(int), defaultdict(int)
        self.released = threading.Event()

    def open(self, config, settings):
        return ScriptedChannel(self, config)

    def targets(self, config):
        return config.get("to") or [""]

    def act(self, name, delivery, channel):
        return self.behaviour[name](delivery, channel) if name in self.behaviour else None

    def sent(self, name):
        return [delivery.event_id for called, delivery, _ in self.calls if called == name]

    def hang(self, delivery, channel):
        self.released.wait(60)

    def refuse(self, delivery, channel):
        raise TransientFailure("503 try later")

    def reject(self, delivery, channel):
        raise PermanentFailure("404 no such room")


class ScriptedPlugin:
    def __init__(self, notifier):
        self.notifier = notifier

    @hookimpl
    def pulp_notifiers(self):
        return [self.notifier]


@pytest.fixture
def scripted():
    notifier = Scripted()
    yield notifier
    notifier.released.set()


class RunningClock(FakeClock):
    """Time passes by itself too, as threads that pace themselves need it; a test lets more of it pass."""

    def __init__(self):
        self.began = time.monotonic()
        super().__init__()

    def time(self):
        return super().time() + time.monotonic() - self.began

    def monotonic(self):
        return super().monotonic() + time.monotonic() - self.began

    def boottime(self):
        return super().boottime() + time.monotonic() - self.began


@pytest.fixture
def clock(request):
    in_threads = "deliver" in request.fixturenames and request.getfixturevalue("deliver") == "background"
    return RunningClock() if in_threads else FakeClock()


@pytest.fixture
def open_bus(tmp_path, scripted):
    """Opens a bus with the scripted notifier; keywords of `settings` go into [delivery]."""
    buses = []

    def open_it(deliver="background", clock=None, notifiers=True, random=None, **settings):
        lines = "".join(f"{key} = {value}\n" for key, value in settings.items())
        config = tmp_path / "server.conf"
        config.write_text(f"[delivery]\n{lines}")
        plugins = Plugins()
        if notifiers:
            plugins.add("scripted", ScriptedPlugin(scripted))
        bus = EventBus.open(
            config, deliver=deliver, plugins=plugins, data_dir=tmp_path / "data", clock=clock, random=random
        )
        buses.append(bus)
        return bus

    yield open_it
    scripted.released.set()
    for bus in buses:
        bus.close(grace=1.0)


@pytest.fixture(params=["inline", "background"])
def deliver(request):
    """Who makes the deliveries: `emit` itself, or threads. For claims that hold whoever does."""
    return request.param


@pytest.fixture
def settle(deliver):
    """Waits until nothing is due any more on a bus that was opened with `deliver`."""

    def wait(bus):
        if deliver == "inline":
            bus.deliver_due()
        else:
            assert bus.dispatcher.drain(30), "something is still due"

    return wait
