"""Notifiers whose methods are coroutine functions: many at once, with the limits and the isolation of any other."""

import asyncio
import threading
import time

import pytest
from marshmallow import Schema, fields

from pulp_events import Channel, EventBus, Notifier, PermanentFailure, TransientFailure, hookimpl
from pulp_events.dispatcher import event_loops, timekeeper
from pulp_events.plugins.registry import Plugins


class AsyncConfig(Schema):
    name = fields.String(required=True, metadata={"help": "name"})


class Deliverer(Notifier):
    """Only `deliver`, as in the smallest notifier."""

    type_id = "deliverer"
    config_schema = AsyncConfig

    def __init__(self):
        self.threads, self.under_way, self.most, self.behaviour, self.done = set(), 0, 0, {}, []

    async def deliver(self, event, config):
        self.threads.add(threading.current_thread())
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            if config["name"] in self.behaviour:
                await self.behaviour[config["name"]]()
        finally:
            self.under_way -= 1
        self.done.append((config["name"], event.id))


class AsyncChannel(Channel):
    def __init__(self, notifier, name):
        self.notifier, self.name = notifier, name

    async def open(self):
        await asyncio.sleep(0)
        self.loop = asyncio.get_running_loop()
        self.notifier.calls.append("open")

    async def close(self):
        await asyncio.sleep(0)
        self.notifier.calls.append("close")

    async def send(self, delivery):
        await asyncio.sleep(0)
        assert asyncio.get_running_loop() is self.loop
        if self.name == "blocks":
            self.notifier.blocked.set()
            self.notifier.release.wait(60)
        self.detail = "202 accepted"
        self.notifier.calls.append("send")


class Connected(Notifier):
    """Keeps a connection."""

    type_id = "connected"
    config_schema = AsyncConfig

    def __init__(self):
        self.calls = []
        self.blocked, self.release = threading.Event(), threading.Event()

    def open(self, config, settings):
        return AsyncChannel(self, config["name"])


@pytest.fixture
def deliverer():
    return Deliverer()


@pytest.fixture
def connected():
    return Connected()


@pytest.fixture
def open_async(tmp_path, deliverer, connected, scripted):
    buses = []

    class Plugin:
        @hookimpl
        def pulp_notifiers(self):
            return [deliverer, connected, scripted]

    def open_it(deliver="background", **settings):
        config = tmp_path / "server.conf"
        config.write_text("[delivery]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        plugins = Plugins()
        plugins.add("async", Plugin())
        bus = EventBus.open(config, deliver=deliver, plugins=plugins, data_dir=tmp_path / "data")
        buses.append(bus)
        return bus

    yield open_it
    for bus in buses:
        bus.close(grace=1.0)


@pytest.mark.slow
def test_a_thousand_wait_at_once_in_one_thread(open_async, deliverer, eventually):
    bus = open_async(concurrency=64)

    async def wait():
        while deliverer.most <= 200:
            await asyncio.sleep(0.1)

    for number in range(500):
        deliverer.behaviour[f"n{number}"] = wait
    with bus.listeners.together() as made:
        for number in range(500):
            made.create("deliverer", {"name": f"n{number}"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 2)
    eventually(lambda: bus.deliveries.stats().delivered == 1000, 60)
    assert len({thread for thread in deliverer.threads if thread.name.startswith("pulp-events-loop")}) == 1


@pytest.mark.parametrize("deliver", ["background", "inline"])
def test_open_send_and_close_may_be_coroutine_functions(open_async, connected, deliver):
    bus = open_async(deliver)
    listener = bus.listeners.create("connected", {"name": "a"}, ["*"])
    for _ in range(3):
        [delivery] = bus.wait(bus.emit("repo.sync.start"), 30)
        assert (delivery.state, delivery.detail) == ("delivered", "202 accepted")
    [trial] = bus.test_listener(listener.id)
    assert (trial.outcome, trial.detail) == ("delivered", "202 accepted")
    bus.close()
    assert connected.calls.count("send") == 4
    assert connected.calls.count("open") == connected.calls.count("close") >= 2


@pytest.mark.parametrize(("attribute", "value"), [("batch_size", 2), ("in_flight", 2)])
def test_a_channel_that_is_awaited_takes_one_delivery_at_a_time(open_async, connected, monkeypatch, attribute, value):
    monkeypatch.setattr(AsyncChannel, attribute, value)
    bus = open_async("inline", retry_schedule="1h")
    bus.listeners.create("connected", {"name": "a"}, ["*"])
    [delivery] = bus.wait(bus.emit("repo.sync.start"), 0)
    assert delivery.state == "pending" and "takes deliveries one by one" in delivery.detail
    assert connected.calls == []


def test_inline_works_inside_a_running_event_loop_too(open_async, deliverer):
    bus = open_async("inline")
    bus.listeners.create("deliverer", {"name": "a"}, ["*"])

    async def application():
        return bus.emit("repo.sync.start")

    event = asyncio.run(application())
    assert [one.state for one in bus.wait(event, 0)] == ["delivered"]


@pytest.mark.parametrize(
    ("raised", "outcome", "detail"),
    [
        (TransientFailure("503 later"), "transient", "503 later"),
        (PermanentFailure("400 never"), "permanent", "400 never"),
        (ZeroDivisionError("a bug"), "error", "ZeroDivisionError: a bug"),
        (asyncio.CancelledError(), "error", "CancelledError"),
        (SystemExit(3), "error", "SystemExit"),
    ],
)
def test_failures_are_those_of_any_notifier(open_async, deliverer, eventually, raised, outcome, detail):
    bus = open_async(retry_schedule="1h")

    async def fail():
        raise raised

    deliverer.behaviour["a"] = fail
    bus.listeners.create("deliverer", {"name": "a"}, ["*"])
    bus.listeners.create("deliverer", {"name": "healthy"}, ["*"])
    event = bus.emit("repo.sync.start")
    eventually(lambda: all(bus.deliveries.attempts(f"{event.id}.{n}") for n in (0, 1)))
    [attempt] = bus.deliveries.attempts(f"{event.id}.0")
    assert attempt.outcome == outcome and detail in attempt.detail
    assert bus.deliveries.get(f"{event.id}.1").state == "delivered"


def test_an_attempt_that_takes_too_long_is_cancelled_at_its_limit(open_async, deliverer, eventually, monkeypatch):
    monkeypatch.setattr(Deliverer, "time_limit", 0.2)
    monkeypatch.setattr(timekeeper, "GRACE", 60.0)  # else a machine that stalls may have the attempt abandoned first
    bus, cancelled = open_async(), []

    async def wait():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    deliverer.behaviour["slow"] = wait
    bus.listeners.create("deliverer", {"name": "slow"}, ["*"])
    event = bus.emit("repo.sync.start")
    [attempt] = eventually(lambda: bus.deliveries.attempts(f"{event.id}.0"))
    assert (attempt.outcome, attempt.detail, cancelled) == ("timeout", "no answer within 0.2 s", [True])


def test_a_coroutine_that_blocks_its_loop_stops_neither_other_types_nor_what_comes_later(
    open_async, deliverer, scripted, eventually, monkeypatch, caplog
):
    monkeypatch.setattr(event_loops, "BLOCKED", 0.2)
    monkeypatch.setattr("pulp_events.dispatcher.timekeeper.SUPERVISE", 0.05)
    bus, release = open_async(), threading.Event()

    async def block():
        release.wait(60)

    deliverer.behaviour["blocks"] = block
    blocking = bus.listeners.create("deliverer", {"name": "blocks"}, ["repo.sync.start"])
    bus.listeners.create("deliverer", {"name": "healthy"}, ["repo.publish.start"])
    bus.listeners.create("scripted", {"name": "sync"}, ["repo.publish.start"])
    bus.emit("repo.sync.start")
    eventually(lambda: deliverer.under_way)
    try:
        eventually(lambda: "blocks its event loop" in caplog.text)
        assert blocking.id in caplog.text
        event = bus.emit("repo.publish.start")
        assert {one.state for one in bus.wait(event, 30)} == {"delivered"}
    finally:
        release.set()
    eventually(lambda: bus.deliveries.stats().delivered == 3)


@pytest.mark.parametrize("first", ["blocks", "healthy"])
def test_what_a_blocked_loop_did_not_begin_is_begun_in_another(
    open_async, deliverer, eventually, monkeypatch, caplog, first
):
    monkeypatch.setattr(event_loops, "BLOCKED", 0.2)
    monkeypatch.setattr("pulp_events.dispatcher.timekeeper.SUPERVISE", 0.05)
    bus, release = open_async(lanes=4), threading.Event()

    async def block():
        release.wait(60)

    deliverer.behaviour["blocks"] = block
    for name in sorted(["blocks", "healthy"], key=lambda name: name != first):
        bus.listeners.create("deliverer", {"name": name}, ["*"], name=name)
    healthy = bus.listeners.get("healthy").id
    events = bus.emit_many([("repo.sync.start", {})] * 8)
    try:
        eventually(lambda: bus.deliveries.stats().by_listener[healthy]["delivered"] == 8)
        assert 1 <= caplog.text.count("blocks its event loop") <= event_loops.MOST_BLOCKED
    finally:
        release.set()
    eventually(lambda: bus.deliveries.stats().delivered == 16)
    # each once, wherever it was begun
    assert sorted(deliverer.done) == sorted((name, event.id) for name in ("blocks", "healthy") for event in events)


def test_a_channel_of_a_loop_that_was_replaced_is_replaced_with_it(
    open_async, connected, eventually, monkeypatch, caplog
):
    monkeypatch.setattr(event_loops, "BLOCKED", 0.2)
    monkeypatch.setattr("pulp_events.dispatcher.timekeeper.SUPERVISE", 0.05)
    bus = open_async()
    bus.listeners.create("connected", {"name": "healthy"}, ["repo.publish.start"])
    bus.wait(bus.emit("repo.publish.start"), 30)
    bus.wait(bus.emit("repo.publish.start"), 30)
    bus.listeners.create("connected", {"name": "blocks"}, ["repo.sync.start"])
    bus.emit("repo.sync.start")
    try:
        assert connected.blocked.wait(30)
        eventually(lambda: "blocks its event loop" in caplog.text)
        [delivery] = bus.wait(bus.emit("repo.publish.start"), 30)
        assert (delivery.state, delivery.attempts) == ("delivered", 1)
    finally:
        connected.release.set()


def test_order_holds_with_one_lane(open_async, deliverer, eventually):
    bus = open_async(lanes=1)
    bus.listeners.create("deliverer", {"name": "a"}, ["*"])
    events = [event.id for event in bus.emit_many([("repo.sync.start", {})] * 100)]
    eventually(lambda: bus.deliveries.stats().delivered == 100)
    assert [event_id for _, event_id in deliverer.done] == events


def test_a_bus_closes_in_time_while_coroutines_wait(open_async, deliverer, eventually):
    bus = open_async()

    async def wait():
        await asyncio.sleep(60)

    deliverer.behaviour["slow"] = wait
    bus.listeners.create("deliverer", {"name": "slow"}, ["*"])
    event = bus.emit("repo.sync.start")
    eventually(lambda: deliverer.under_way)
    began = time.monotonic()
    bus.close(grace=0.5)
    assert time.monotonic() - began < 30
    [delivery] = open_async("external").wait(event, 0)
    assert (delivery.state, delivery.attempts) == ("pending", 0)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_nothing_that_a_first_attempt_raises_ends_the_loop_of_its_type(
    open_async, connected, eventually, monkeypatch, error
):
    """The first attempts of a type that overrides `open` are made in threads, which wait for the loop."""
    send = AsyncChannel.send

    async def fail(self, delivery):
        if self.name == "bad":
            raise error
        await send(self, delivery)

    monkeypatch.setattr(AsyncChannel, "send", fail)
    bus = open_async(retry_schedule="1h")
    bus.listeners.create("connected", {"name": "bad"}, ["*"])
    bus.listeners.create("connected", {"name": "good"}, ["*"])
    for _ in range(4):
        event = bus.emit("repo.sync.start")
        eventually(lambda: all(bus.deliveries.attempts(f"{event.id}.{n}") for n in (0, 1)))  # noqa: B023
        assert bus.deliveries.attempts(f"{event.id}.0")[0].outcome == "error"
        assert bus.deliveries.get(f"{event.id}.1").state == "delivered"


@pytest.mark.slow
@pytest.mark.parametrize("vandalism", ["stop", "callback"])
def test_a_notifier_that_stops_its_loop_stops_no_other_listener(open_async, deliverer, eventually, vandalism):
    bus = open_async(retry_schedule="1h")

    async def stop():
        loop = asyncio.get_running_loop()
        if vandalism == "stop":
            loop.stop()
        else:
            loop.call_soon(lambda: exec("raise SystemExit(3)"))
        await asyncio.sleep(0.05)

    deliverer.behaviour["bad"] = stop
    bus.listeners.create("deliverer", {"name": "bad"}, ["*"])
    bus.listeners.create("deliverer", {"name": "good"}, ["*"])
    for _ in range(3):
        event = bus.emit("repo.sync.start")
        assert {one.state for one in bus.wait(event, 30)} == {"delivered"}


@pytest.mark.parametrize("where", ["send", "close"])
@pytest.mark.slow
def test_what_waits_behind_a_coroutine_that_blocks_goes_another_way(
    open_async, connected, eventually, monkeypatch, where
):
    """Also what was handed to the loop before anybody could know that it is blocked."""
    monkeypatch.setattr(event_loops, "BLOCKED", 0.3)
    monkeypatch.setattr("pulp_events.dispatcher.timekeeper.SUPERVISE", 0.05)
    bus = open_async()
    bus.listeners.create("connected", {"name": "good"}, ["repo.publish.start"])
    for _ in range(2):
        bus.wait(bus.emit("repo.publish.start"), 30)
    if where == "close":

        async def block(self):
            connected.blocked.set()
            connected.release.wait(60)

        monkeypatch.setattr(AsyncChannel, "close", block)
        bus.listeners.create("connected", {"name": "closing"}, ["repo.sync.start"])
        bus.wait(bus.emit("repo.sync.start"), 30)
        bus.dispatcher._services.channels.close_of(bus.listeners.list()[1].id)
    else:
        bus.listeners.create("connected", {"name": "blocks"}, ["repo.sync.start"])
        bus.emit("repo.sync.start")
    try:
        assert connected.blocked.wait(30)
        for _ in range(5):
            event = bus.emit("repo.publish.start")
            assert [one.state for one in bus.wait(event, 30)] == ["delivered"]
    finally:
        connected.release.set()
