"""A muted listener gets nothing until its mute ends; what is emitted meanwhile waits, or is dropped and recorded so."""

from datetime import timedelta

import pytest

from pulp_events import InvalidConfig, ListenerNotFound, TransientFailure


def test_events_of_a_muted_listener_wait_until_the_mute_ends_by_itself(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])
    other = bus.listeners.create("scripted", {"name": "other"}, ["*"])
    muted = bus.listeners.mute(listener.id, 7200)
    assert muted.muted_for(clock.time()) == pytest.approx(7200, abs=60)
    events = [bus.emit("repo.sync.start") for _ in range(3)]
    settle(bus)
    clock.advance(7100)
    settle(bus)
    assert scripted.sent("night") == [] and len(scripted.sent("other")) == 3
    clock.advance(101)
    settle(bus)
    assert sorted(scripted.sent("night")) == sorted(event.id for event in events)
    assert bus.listeners.get(other.id).muted_until is None


def test_unmute_ends_it_at_once(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])
    bus.listeners.mute(listener.id, 7200, drop=True)
    unmuted = bus.listeners.unmute(listener.id)
    assert (unmuted.muted_until, unmuted.mute_drops) == (None, False)
    event = bus.emit("repo.sync.start")
    settle(bus)
    assert scripted.sent("night") == [event.id]
    assert bus.listeners.unmute(listener.id) == unmuted


@pytest.mark.parametrize("together", [False, True])
def test_a_mute_and_its_end_leave_the_health_as_it_was(open_bus, clock, scripted, together):
    bus = open_bus("inline", clock)
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])
    bus.emit("repo.sync.start")
    before = bus.deliveries.health()[listener.id]
    assert before.last_success is not None
    bus.listeners.mute(listener.id, 60)
    if together:
        with bus.listeners.together() as several:
            several.unmute(listener.id)
    else:
        bus.listeners.unmute(listener.id)
    assert bus.deliveries.health() == {listener.id: before}


def test_with_drop_they_are_recorded_as_dead_and_what_was_pending_waits(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock, retry_schedule="25s", jitter=0)
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])

    def fail(delivery, channel):
        raise TransientFailure("busy")

    scripted.behaviour["night"] = fail
    before = bus.emit("repo.sync.start")
    settle(bus)
    bus.listeners.mute(listener.id, 60, drop=True)
    dropped = bus.emit("repo.sync.finish")
    settle(bus)
    [delivery] = bus.wait(dropped, 0)
    assert (delivery.state, delivery.detail) == ("dead", "dropped: the listener was muted")
    scripted.behaviour.clear()
    clock.advance(30)
    settle(bus)
    assert [one.state for one in bus.wait(before, 0)] == ["pending"]
    clock.advance(31)
    after = bus.emit("repo.sync.start")
    settle(bus)
    settle(bus)
    assert set(scripted.sent("night")) == {before.id, after.id}


@pytest.mark.parametrize("deliver", ["background"])
def test_a_background_dispatcher_goes_on_when_the_mute_ends(open_bus, clock, deliver, scripted):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])
    bus.listeners.mute(listener.id, 30)
    event = bus.emit("repo.sync.start")
    assert [one.state for one in bus.wait(event, 0.05)] == ["pending"]
    clock.advance(30)  # before it looks without a reason
    assert [one.state for one in bus.wait(event, 30)] == ["delivered"]


def test_a_background_dispatcher_goes_on_when_somebody_unmutes(open_bus, scripted):
    bus = open_bus("background")
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])
    bus.listeners.mute(listener.id, 3600)
    event = bus.emit("repo.sync.start")
    assert [one.state for one in bus.wait(event, 0.3)] == ["pending"]
    bus.listeners.unmute(listener.id)
    assert [one.state for one in bus.wait(event, 30)] == ["delivered"]


def test_a_mute_does_not_count_as_failing(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock, retry_schedule="1m", disable_after="1h", jitter=0)
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])

    def fail(delivery, channel):
        raise TransientFailure("busy")

    scripted.behaviour["night"] = fail
    bus.emit("repo.sync.start")
    settle(bus)
    bus.listeners.mute(listener.id, 7200)
    clock.advance(7201)
    settle(bus)
    assert len(scripted.calls) == 2
    assert bus.listeners.get(listener.id).enabled


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), True, "1h", timedelta(hours=1)])
def test_a_time_that_is_none_is_refused(open_bus, clock, scripted, seconds):
    bus = open_bus("inline", clock)
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])
    with pytest.raises(InvalidConfig):
        bus.listeners.mute(listener.id, seconds)
    assert bus.listeners.get(listener.id) == listener


def test_an_unknown_listener_is_named(open_bus, clock):
    bus = open_bus("inline", clock)
    for act in (lambda: bus.listeners.mute("0" * 24, 1), lambda: bus.listeners.unmute("0" * 24)):
        with pytest.raises(ListenerNotFound, match="0" * 24):
            act()


def test_a_listener_can_be_created_with_an_id_of_its_own(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    assert bus.listeners.create("scripted", {"name": "n"}, ["*"], listener_id="ab" * 12).id == "ab" * 12
    with pytest.raises(InvalidConfig, match="24 hex digits"):
        bus.listeners.create("scripted", {"name": "n"}, ["*"], listener_id="AB" * 12)


def test_what_is_dropped_says_why(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    listener = bus.listeners.create("scripted", {"name": "night"}, ["*"])
    bus.listeners.mute(listener.id, 60, drop=True, reason="new disks")
    [delivery] = bus.wait(bus.emit("repo.sync.start"), 0)
    assert (delivery.state, delivery.detail) == ("dead", "dropped: the listener was muted (new disks)")
    [explained] = bus.explain("repo.sync.start")
    assert (explained.gets, explained.cause) == ("no", "muted") and "(new disks), and drops" in explained.reason
    bus.listeners.mute(listener.id, 60, reason="new disks")
    [explained] = bus.explain("repo.sync.start")
    assert (explained.gets, explained.cause) == ("later", "muted")
    assert explained.reason.endswith(" (new disks); it waits until then")
