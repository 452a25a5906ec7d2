"""What failed is tried again by the schedule, and only that."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulp_events import PermanentFailure, TimedOut, TransientFailure
from pulp_events.dispatcher.retry import AFTER_TIME_OUT, LONGEST_PAUSE, SHORTEST_PAUSE, follow, pause
from pulp_events.outbox.records import DeliveryQuery

steps = st.lists(st.floats(0.001, 1e6), max_size=10)


@given(schedule=steps, failed=st.integers(1, 12), jitter=st.floats(0, 1), dice=st.floats(0, 1, exclude_max=True),
       retry_after=st.none() | st.floats(0), timed_out=st.booleans(), too_old=st.booleans())  # fmt: skip
def test_a_wait_is_what_the_receiver_asked_for_or_stays_within_its_step_and_is_only_ever_lengthened(
    schedule, failed, jitter, dice, retry_after, timed_out, too_old
):
    found = follow(
        failed, schedule, jitter, lambda: dice, retry_after=retry_after, timed_out=timed_out, too_old=too_old
    )
    asked = 0 if retry_after is None else pause(retry_after)
    assert asked <= LONGEST_PAUSE
    if retry_after is not None and not too_old:
        assert found.forgiven and found.wait == asked >= SHORTEST_PAUSE
        return
    assert not found.forgiven
    if failed > len(schedule):
        assert found.wait is None
        return
    step = schedule[failed - 1]
    assert found.wait >= step * (1 - jitter) * 0.999999
    assert found.wait <= max(step * (1 + jitter), asked, AFTER_TIME_OUT if timed_out else 0) * 1.000001
    assert found.wait >= asked and (not timed_out or found.wait >= AFTER_TIME_OUT)


def attempts_of(bus):
    [delivery] = bus.deliveries.list()
    return delivery, bus.deliveries.attempts(delivery.id)


def test_the_schedule_says_when_each_attempt_is_made_and_when_the_delivery_is_dead(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="5s, 5m, 30m", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.start"])
    scripted.behaviour["down"] = scripted.refuse
    bus.emit("repo.sync.start")
    for made, step in enumerate([5, 300, 1800], start=1):
        assert len(scripted.calls) == made
        clock.advance(step - 0.1)
        assert bus.deliver_due() == 0
        clock.advance(0.2)
        assert bus.deliver_due() == 1
    delivery, attempts = attempts_of(bus)
    assert (delivery.state, delivery.attempts, delivery.detail) == ("dead", 4, "503 try later")
    assert [attempt.outcome for attempt in attempts] == ["transient"] * 4
    assert [attempt.retry_at is None for attempt in attempts] == [False, False, False, True]
    clock.advance(1e6)
    assert bus.deliver_due() == 0


def test_every_attempt_carries_the_same_id_and_the_same_bytes(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="5s")
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    scripted.behaviour["down"] = scripted.refuse
    bus.emit("repo.sync.start", {"text": "Grüße"})
    clock.advance(10)
    bus.deliver_due()
    (_, first, _), (_, second, _) = scripted.calls
    assert first.id == second.id and first.report == second.report


def test_waits_are_varied_by_the_injected_dice(open_bus, clock, scripted):
    bus = open_bus("inline", clock, random=random.Random(7), retry_schedule="100s", jitter=0.2)
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    scripted.behaviour["down"] = scripted.refuse
    for _ in range(4):
        bus.emit("repo.sync.start")
    waits = [(one.due.timestamp() - clock.time()) for one in bus.deliveries.list()][::-1]
    dice = random.Random(7)
    assert waits == pytest.approx([100 * (1 + 0.2 * (2 * dice.random() - 1)) for _ in range(4)], abs=0.01)


@pytest.mark.parametrize(
    ("failure", "wait"),
    [
        (TransientFailure("busy", retry_after=120), 120),
        (TransientFailure("busy", retry_after=1), 1),
        (TransientFailure("busy", retry_after=1e9), LONGEST_PAUSE),
        (TimedOut("no answer"), 60),
        (TimeoutError("a socket's own"), 60),
        (ValueError("anything else"), 5),
    ],
)
def test_what_the_receiver_asks_for_and_a_time_out_lengthen_the_step(open_bus, clock, scripted, failure, wait):
    bus = open_bus("inline", clock, retry_schedule="5s", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["*"])

    def fail(delivery, channel):
        raise failure

    scripted.behaviour["down"] = fail
    bus.emit("repo.sync.start")
    [delivery] = bus.deliveries.list()
    assert delivery.due.timestamp() - clock.time() == pytest.approx(wait, abs=0.01)


def test_a_permanent_failure_is_dead_at_once(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "gone"}, ["*"])
    scripted.behaviour["gone"] = scripted.reject
    bus.emit("repo.sync.start")
    delivery, attempts = attempts_of(bus)
    assert (delivery.state, delivery.detail) == ("dead", "404 no such room")
    assert [attempt.outcome for attempt in attempts] == ["permanent"]


def test_a_listener_may_have_a_schedule_of_its_own(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="5s", jitter=0)
    bus.listeners.create("scripted", {"name": "patient"}, ["*"], retry_schedule=[7.0, 9.0])
    bus.listeners.create("scripted", {"name": "impatient"}, ["*"], retry_schedule=[])
    scripted.behaviour = dict.fromkeys(("patient", "impatient"), scripted.refuse)
    bus.emit("repo.sync.start")
    states = {one.listener_id: one for one in bus.deliveries.list()}
    patient, impatient = bus.listeners.list()
    assert states[impatient.id].state == "dead"
    assert states[patient.id].due.timestamp() - clock.time() == pytest.approx(7, abs=0.01)


def test_only_the_target_that_failed_is_tried_again(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="5s")
    bus.listeners.create("scripted", {"name": "mail", "to": ["good", "bad"]}, ["*"])

    def fail_once(delivery, channel):
        if delivery.target == "bad" and delivery.attempts == 1:
            raise TransientFailure("greylisted")

    scripted.behaviour["mail"] = fail_once
    bus.emit("repo.sync.start")
    clock.advance(10)
    bus.deliver_due()
    assert [delivery.target for _, delivery, _ in scripted.calls] == ["good", "bad", "bad"]
    assert {one.state for one in bus.deliveries.list()} == {"delivered"}


def test_an_administrators_retry_starts_the_schedule_over(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="5s", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    scripted.behaviour["down"] = scripted.refuse
    bus.emit("repo.sync.start")
    clock.advance(6)
    bus.deliver_due()
    assert sum(bus.deliveries.retry(DeliveryQuery(state="dead"))) == 1
    bus.deliver_due()
    delivery, attempts = attempts_of(bus)
    assert (delivery.state, len(attempts)) == ("pending", 3)
    scripted.behaviour.clear()
    clock.advance(6)
    bus.deliver_due()
    assert attempts_of(bus)[0].state == "delivered"


@pytest.mark.parametrize("jump", [-86400, -3600, 3600, 86400])
def test_a_clock_that_jumps_neither_hurries_nor_delays_a_retry(open_bus, clock, scripted, jump):
    bus = open_bus("inline", clock, retry_schedule="100s, 100s", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    scripted.behaviour["down"] = scripted.refuse
    for _ in range(2):
        bus.emit("repo.sync.start")
    clock.jump(jump)
    clock.advance(99)
    assert bus.deliver_due() == 0
    clock.advance(2)
    assert bus.deliver_due() == 2


@pytest.mark.parametrize("jump", [0, -3600, 3600])
def test_a_retry_that_comes_due_while_the_machine_sleeps_is_due_when_it_wakes(open_bus, clock, scripted, jump):
    bus = open_bus("inline", clock, retry_schedule="600s, 600s", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    scripted.behaviour["down"] = scripted.refuse
    bus.emit("repo.sync.start")
    clock.sleep(300)
    assert bus.deliver_due() == 0
    clock.jump(jump)  # and set at the same time
    clock.sleep(301)
    assert bus.deliver_due() == 1


def test_after_5_days_of_nothing_but_failure_the_listener_is_disabled_and_that_is_an_event(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1d, 1d, 1d, 1d, 1d, 1d, 1d, 1d, 1d", jitter=0)
    failing = bus.listeners.create("scripted", {"name": "down"}, ["repo.sync.start"])
    bus.listeners.create("scripted", {"name": "operator"}, ["listener.disabled"])
    scripted.behaviour["down"] = scripted.refuse
    bus.emit("repo.sync.start")
    for _ in range(4):
        clock.advance(86401)
        bus.deliver_due()
    assert bus.listeners.get(failing.id).enabled
    clock.advance(86401)
    bus.deliver_due()
    disabled = bus.listeners.get(failing.id)
    assert not disabled.enabled
    assert "503 try later" in disabled.disabled_reason and "6 failures" in disabled.disabled_reason
    [announced] = [delivery.event for name, delivery, _ in scripted.calls if name == "operator"]
    assert announced.payload["listener_id"] == failing.id
    assert announced.payload["reason"] == disabled.disabled_reason

    # what waits is delivered once it is enabled, and it begins with a clean record
    scripted.behaviour.clear()
    bus.listeners.enable(failing.id)
    clock.advance(86401)
    bus.deliver_due()
    assert bus.deliveries.list()[-1].state == "delivered"
    assert bus.deliveries.health()[failing.id].failing_since is None


def test_a_single_success_resets_the_five_days(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1d, 1d, 1d, 1d, 1d, 1d, 1d", jitter=0)
    listener = bus.listeners.create("scripted", {"name": "shaky"}, ["*"])
    scripted.behaviour["shaky"] = scripted.refuse
    bus.emit("repo.sync.start")
    for day in range(7):
        clock.advance(86401)
        if day == 3:
            scripted.behaviour.clear()
            bus.emit("repo.sync.finish")
            scripted.behaviour["shaky"] = scripted.refuse
            bus.emit("repo.sync.start")
        bus.deliver_due()
    assert bus.listeners.get(listener.id).enabled


def test_a_receiver_that_wants_no_more_gets_no_more(open_bus, clock, deliver, settle, scripted, eventually):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "gone"}, ["*"])

    def gone(delivery, channel):
        raise PermanentFailure("410 Gone", disable_listener=True)

    scripted.behaviour["gone"] = gone
    bus.emit("repo.sync.start")
    settle(bus)
    eventually(lambda: not bus.listeners.get(listener.id).enabled)
    assert "410 Gone" in bus.listeners.get(listener.id).disabled_reason
    bus.emit("repo.sync.finish")
    settle(bus)
    assert len(scripted.calls) == 1


def test_events_of_a_disabled_listener_wait_until_it_is_enabled(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "paused"}, ["*"], enabled=False)
    events = [bus.emit("repo.sync.start") for _ in range(3)]
    settle(bus)
    assert [one.state for one in bus.deliveries.list()] == ["pending"] * 3
    bus.listeners.enable(listener.id)
    settle(bus)
    assert sorted(scripted.sent("paused")) == sorted(event.id for event in events)


def test_or_are_skipped_and_recorded_as_such(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock, while_disabled="skip")
    listener = bus.listeners.create("scripted", {"name": "paused"}, ["*"], enabled=False)
    bus.emit("repo.sync.start")
    settle(bus)
    [skipped] = bus.deliveries.list()
    assert (skipped.state, skipped.detail) == ("dead", "skipped: the listener was disabled")
    bus.listeners.enable(listener.id)
    settle(bus)
    assert scripted.calls == []


@pytest.mark.parametrize(
    ("failure", "detail", "kept"),
    [
        ("503 busy", "POST /hook", "503 busy\nPOST /hook"),
        ("503 busy", "503 busy\nPOST /hook", "503 busy\nPOST /hook"),
        ("503 busy, come back", "503 busy", "503 busy, come back"),
        ("503 busy", "", "503 busy"),
    ],
)
@pytest.mark.parametrize("kind", [TransientFailure, PermanentFailure, TimedOut])
def test_a_failed_attempt_keeps_what_its_channel_said_below_the_reason(
    open_bus, clock, scripted, kind, failure, detail, kept
):
    bus = open_bus("inline", clock)
    listener = bus.listeners.create("scripted", {"name": "a"}, ["*"])

    def fail(delivery, channel):
        channel.detail = detail
        raise kind(failure)

    scripted.behaviour["a"] = fail
    bus.emit("repo.sync.start")
    _, [attempt] = attempts_of(bus)
    assert attempt.detail == kept
    assert bus.test_listener(listener.id)[0].detail == kept


def test_the_report_of_an_attempt_is_bounded_and_without_secrets(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    bus.listeners.create("scripted", {"name": "chatty", "token": "hunter2-secret"}, ["*"])

    def leak(delivery, channel):
        raise TransientFailure("said hunter2-secret and http://u:pw-in-url@h/ " + "ü" * 5000)

    scripted.behaviour["chatty"] = leak
    bus.emit("repo.sync.start")
    _, [attempt] = attempts_of(bus)
    assert len(attempt.detail.encode()) <= 1024
    assert "hunter2" not in attempt.detail and "pw-in-url" not in attempt.detail
    assert attempt.detail.startswith("said ********")
    assert attempt.started - bus.deliveries.list()[0].event_time < timedelta(seconds=5)
