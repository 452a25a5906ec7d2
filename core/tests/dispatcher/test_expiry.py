"""Deliveries that expire: never attempted late, dead with that reason, whatever their listener is doing."""

from datetime import UTC, datetime, timedelta

import pytest

from pulp_events import InvalidConfig, InvalidEvent, TransientFailure
from pulp_events.outbox.records import EXPIRED, DeliveryQuery
from pulp_events.outbox.states import State


def of(bus, event):
    return [(one.state.value, one.detail) for one in bus.wait(event, 0)]


DEAD = [("dead", EXPIRED)]
KEEP = {State.DELIVERED: 1e9, State.DEAD: 1e9}


@pytest.fixture
def refusing(scripted):
    def refuse(delivery, channel):
        raise TransientFailure("503 try later\nmore")

    scripted.behaviour["n"] = refuse
    return scripted


def test_an_event_is_delivered_in_time_or_dead(open_bus, clock, scripted):
    emitting = open_bus("external", clock)
    emitting.listeners.create("scripted", {"name": "n"}, ["*"])
    late, timely, never = (emitting.emit("repo.sync.start", expires=each) for each in (60, 120.5, None))
    clock.advance(100)
    bus = open_bus("inline", clock)
    bus.deliver_due()
    assert scripted.sent("n") == [timely.id, never.id]
    assert of(bus, late) == DEAD
    assert of(bus, timely)[0][0] == of(bus, never)[0][0] == "delivered"


def test_the_earlier_of_the_events_and_the_listeners_expiry_counts(open_bus, clock):
    bus = open_bus("external", clock)
    bus.listeners.create("scripted", {"name": "n"}, ["*"], expires=100)
    bus.listeners.create("scripted", {"name": "m"}, ["*"])
    at = datetime.fromtimestamp(clock.time(), UTC)

    def found(event):
        return sorted((one.expires - at).total_seconds() if one.expires else None for one in bus.wait(event, 0))

    assert found(bus.emit("repo.sync.start", expires=50)) == pytest.approx([50, 50])
    assert found(bus.emit("repo.sync.start", expires=at + timedelta(seconds=300))) == pytest.approx([100, 300])
    [first, second] = [one.expires for one in bus.wait(bus.emit("repo.sync.start"), 0)]
    assert {first, second} == {None, at + timedelta(seconds=100)}


def test_all_that_emit_take_it(open_bus, clock):
    import asyncio

    bus = open_bus("external", clock)
    bus.listeners.create("scripted", {"name": "n"}, ["*"])
    bus.emit_many([("repo.sync.start", None), ("repo.sync.finish", {}, {})], expires=10)
    asyncio.run(bus.emit_async("repo.sync.start", expires=10))
    with bus.operation("repo.sync", expires=10):
        pass
    found = bus.deliveries.list()
    assert len(found) == 5 and all((one.expires.timestamp() - clock.time()) == pytest.approx(10) for one in found)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "10m", timedelta(1), datetime(2030, 1, 1)])
def test_what_is_no_expiry_is_refused(open_bus, clock, value):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "n"}, ["*"])
    with pytest.raises(InvalidEvent, match="expires is"):
        bus.emit("repo.sync.start", expires=value)
    with pytest.raises(InvalidConfig, match="expires"):
        bus.listeners.create("scripted", {"name": "n"}, ["*"], expires=value)
    assert bus.deliveries.list() == []


def test_a_moment_that_has_passed_is_stored_as_dead(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "n"}, ["*"])
    event = bus.emit("repo.sync.start", expires=datetime.fromtimestamp(clock.time() - 1, UTC))
    assert of(bus, event) == DEAD and scripted.calls == []


def test_no_retry_is_waited_for_that_would_come_too_late(open_bus, clock, refusing):
    bus = open_bus("inline", clock, retry_schedule="10s,100s,100s", jitter=0)
    bus.listeners.create("scripted", {"name": "n"}, ["*"])
    event = bus.emit("repo.sync.start", expires=60)
    assert [one.state for one in bus.wait(event, 0)] == ["pending"]
    clock.advance(10)
    bus.deliver_due()
    assert of(bus, event) == [("dead", "503 try later; it expires before the next attempt\nmore")]
    [one, two] = bus.deliveries.attempts(bus.deliveries.list()[0].id)
    assert one.retry_at is not None and two.retry_at is None


def test_nor_a_pause_that_ends_too_late(open_bus, clock, scripted):
    bus = open_bus("inline", clock)

    def busy(delivery, channel):
        raise TransientFailure("429 busy", retry_after=100)

    scripted.behaviour["n"] = busy
    bus.listeners.create("scripted", {"name": "n"}, ["*"])
    first = bus.emit("repo.sync.start", expires=60)
    waiting = bus.emit("repo.sync.start", expires=60)
    assert of(bus, first) == [("dead", "429 busy; it expires before the next attempt")]
    assert [one.state for one in bus.wait(waiting, 0)] == ["pending"]
    clock.advance(61)
    bus.outbox.maintain(KEEP)
    assert of(bus, waiting) == DEAD


@pytest.mark.parametrize("how", ["disable", "mute", "plugin"])
def test_what_a_listener_that_gets_nothing_has_expires_without_it(open_bus, clock, scripted, how):
    bus = open_bus("inline", clock)
    listener = bus.listeners.create("scripted", {"name": "n"}, ["*"])
    if how == "disable":
        bus.listeners.disable(listener.id)
    elif how == "mute":
        bus.listeners.mute(listener.id, 3600)
    else:
        bus = open_bus("inline", clock, notifiers=False)
    event = bus.emit("repo.sync.start", expires=10)
    bus.deliver_due()
    assert [one.state for one in bus.wait(event, 0)] == ["pending"]
    clock.advance(11)
    bus.outbox.maintain(KEEP)
    assert of(bus, event) == DEAD and scripted.calls == []


def test_what_expires_while_a_thread_or_channel_is_waited_for_is_not_attempted(open_bus, clock, scripted):
    bus = open_bus("external", clock)
    bus.listeners.create("scripted", {"name": "n"}, ["*"])
    bus.emit("repo.sync.start")
    events = [bus.emit("repo.sync.start", expires=10) for _ in range(2)]

    def slow(delivery, channel):
        clock.advance(11)

    scripted.behaviour["n"] = slow
    open_bus("inline", clock).deliver_due()
    assert len(scripted.calls) == 1
    assert [of(bus, event) for event in events] == [DEAD, DEAD]
    assert all(one.attempts == 0 for one in bus.deliveries.list(DeliveryQuery(state="dead")))


def test_what_expires_while_a_channel_is_opened_is_not_sent_over_it(open_bus, clock, scripted, monkeypatch):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "n"}, ["*"])
    monkeypatch.setattr(type(scripted), "open", _opens_slowly(type(scripted).open, clock))
    event = bus.emit("repo.sync.start", expires=10)
    assert of(bus, event) == DEAD and scripted.calls == []
    assert bus.wait(event, 0)[0].attempts == 0
    assert [one.state for one in bus.wait(bus.emit("repo.sync.start"), 0)] == ["delivered"]


def _opens_slowly(opens, clock):
    def open_it(self, config, settings):
        clock.advance(11)
        return opens(self, config, settings)

    return open_it


def test_what_an_administrator_retries_is_delivered_however_late(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    listener = bus.listeners.create("scripted", {"name": "n"}, ["*"], expires=10)
    bus.listeners.disable(listener.id)
    event = bus.emit("repo.sync.start")
    clock.advance(11)
    bus.listeners.enable(listener.id)
    bus.deliver_due()
    assert of(bus, event) == DEAD
    assert sum(bus.deliveries.retry(DeliveryQuery())) == 1
    bus.deliver_due()
    assert scripted.sent("n") == [event.id]


def test_threads_deliver_nothing_late(open_bus, scripted, eventually):
    bus = open_bus("background")
    listener = bus.listeners.create("scripted", {"name": "n"}, ["*"])
    bus.listeners.mute(listener.id, 3600)
    event = bus.emit("repo.sync.start", expires=0.2)
    other = bus.emit("repo.sync.start")
    [expiring] = bus.wait(event, 0)
    eventually(lambda: datetime.now(UTC) > expiring.expires)
    bus.listeners.unmute(listener.id)
    assert [one.state for one in bus.wait(other, 20)] == ["delivered"]
    eventually(lambda: of(bus, event) == DEAD)
    assert scripted.sent("n") == [other.id]
