"""A receiver that asks for time gets it: its whole listener pauses, and the schedule is not used up."""

import threading
import time

import pytest

from pulp_events import TransientFailure
from pulp_events.dispatcher.retry import LONGEST_PAUSE
from pulp_events.outbox.records import DeliveryQuery


def asks_for(seconds, times=None):
    left = [times]

    def answer(delivery, channel):
        if left[0] is None or left[0] > 0:
            left[0] = left[0] and left[0] - 1
            raise TransientFailure("429 Too Many Requests", retry_after=seconds)

    return answer


def test_the_others_wait_too(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": "limited"}, ["*"])
    other = bus.listeners.create("scripted", {"name": "other"}, ["*"])
    scripted.behaviour["limited"] = asks_for(300, times=1)
    bus.emit("repo.sync.start")
    settle(bus)
    for _ in range(19):
        bus.emit("repo.sync.start")
    settle(bus)
    assert len(scripted.sent("limited")) == 1
    assert bus.deliveries.stats().by_listener[other.id]["delivered"] == 20
    clock.advance(200)
    settle(bus)
    assert len(scripted.sent("limited")) == 1
    clock.advance(101)
    settle(bus)
    assert bus.deliveries.stats().delivered == 40
    assert [one.attempts for one in bus.deliveries.list(DeliveryQuery(listener_id=other.id))] == [1] * 20


def test_a_pause_is_no_step_of_the_schedule(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock, retry_schedule="10s", jitter=0, max_age="2h")
    bus.listeners.create("scripted", {"name": "limited"}, ["*"])
    scripted.behaviour["limited"] = asks_for(60, times=12)
    bus.emit("repo.sync.start")
    settle(bus)
    for _ in range(12):
        clock.advance(301)  # five in a row open the circuit, so that a probe may be later than was asked for
        settle(bus)
    [delivery] = bus.deliveries.list()
    assert (delivery.state, delivery.attempts) == ("delivered", 13)


@pytest.mark.parametrize("settings", [{"max_age": "1h"}, {}])
def test_a_stated_age_ends_it_all_the_same(open_bus, clock, deliver, settle, scripted, settings):
    bus = open_bus(deliver, clock, retry_schedule="10s, 30m", jitter=0, **settings)
    bus.listeners.create("scripted", {"name": "limited"}, ["*"])
    scripted.behaviour["limited"] = asks_for(60)
    began = clock.time()
    bus.emit("repo.sync.start")
    settle(bus)
    while (found := bus.deliveries.list()[0]).state == "pending":
        clock.advance(301)
        settle(bus)
        assert clock.time() - began < 4 * 3600
    most = 3600 if settings else 2 * (10 + 1800)
    assert found.state == "dead" and clock.time() - began >= most


def test_the_age_starts_over_for_what_an_administrator_retries(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock, retry_schedule="10s", jitter=0, max_age="1h")
    bus.listeners.create("scripted", {"name": "limited"}, ["*"])
    scripted.behaviour["limited"] = scripted.refuse
    bus.emit("repo.sync.start")
    settle(bus)
    clock.advance(11)
    settle(bus)
    clock.advance(86400)
    scripted.behaviour["limited"] = asks_for(60, times=3)
    assert sum(bus.deliveries.retry(DeliveryQuery(state="dead"))) == 1
    for _ in range(4):
        settle(bus)
        clock.advance(61)
    assert bus.deliveries.list()[0].state == "delivered"


def test_a_pause_is_at_most_a_day_at_a_time(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock)
    bus.listeners.create("scripted", {"name": "limited"}, ["*"])
    scripted.behaviour["limited"] = asks_for(float("inf"), times=1)
    event = bus.emit("repo.sync.start")
    settle(bus)
    [delivery] = bus.wait(event, 0)
    assert delivery.due.timestamp() - clock.time() == pytest.approx(LONGEST_PAUSE, abs=30)
    clock.advance(LONGEST_PAUSE + 1)
    settle(bus)
    assert bus.wait(event, 0)[0].state == "delivered"


def test_a_change_of_the_listener_ends_the_pause(open_bus, clock, deliver, settle, scripted):
    bus = open_bus(deliver, clock)
    listener = bus.listeners.create("scripted", {"name": "limited"}, ["*"])
    scripted.behaviour["limited"] = asks_for(3600)
    bus.emit("repo.sync.start")
    settle(bus)
    not_attempted_yet = bus.emit("repo.sync.start")
    settle(bus)
    clock.advance(1)
    assert len(scripted.calls) == 1
    bus.listeners.update(listener.id, {"name": "elsewhere"})
    settle(bus)
    assert not_attempted_yet.id in scripted.sent("elsewhere")


def test_a_secret_that_cannot_be_read_here_uses_up_no_step_of_the_schedule(
    open_bus, clock, deliver, settle, scripted, monkeypatch
):
    """It may be in the environment of the process whose listener this is."""
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    bus = open_bus(deliver, clock, retry_schedule="500s", jitter=0)
    bus.listeners.create("scripted", {"name": "a", "token": {"$env": "NO_SUCH_TOKEN"}}, ["*"])
    bus.emit("repo.sync.start")
    settle(bus)
    bus.emit("repo.sync.start")
    settle(bus)
    assert sorted(one.attempts for one in bus.deliveries.list()) == [0, 1]
    clock.advance(501)
    settle(bus)
    assert {one.state for one in bus.deliveries.list()} == {"pending"}
    monkeypatch.setenv("NO_SUCH_TOKEN", "s3cr3t")
    clock.advance(501)
    settle(bus)
    assert {one.state for one in bus.deliveries.list()} == {"delivered"}


def test_a_process_that_cannot_read_a_secret_does_not_hold_up_one_that_can(open_bus, clock, scripted, monkeypatch):
    """It leaves the listener alone for a step of the schedule; its deliveries, in an order too, may go on at once."""
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    bus, other = (open_bus("inline", clock, retry_schedule="30m", jitter=0) for _ in range(2))
    bus.listeners.create("scripted", {"name": "a", "token": {"$env": "NO_SUCH_TOKEN"}}, ["*"], lanes=1)
    bus.emit_many([("repo.sync.start", {})] * 2)
    monkeypatch.setenv("NO_SUCH_TOKEN", "s3cr3t")
    clock.advance(2)
    assert bus.deliver_due() == 0
    assert other.deliver_due() == 2


@pytest.mark.slow
def test_in_the_background_a_receiver_that_limits_its_rate_is_not_run_against(open_bus, scripted, eventually):
    """It takes an event each 10 ms and asks for a second whenever one comes too early: one lane is what it bears."""
    lock, last, refused = threading.Lock(), [0.0], []

    def limited(delivery, channel):
        with lock:
            now = time.monotonic()
            if now - last[0] < 0.01:
                refused.append(delivery.id)
                raise TransientFailure("429", retry_after=1)
            last[0] = now
        time.sleep(0.012)

    scripted.behaviour["limited"] = limited
    bus = open_bus(retry_schedule="1h")
    bus.listeners.create("scripted", {"name": "limited"}, ["*"])
    bus.emit_many([("repo.sync.start", {})] * 60)
    eventually(lambda: bus.deliveries.stats().delivered == 60, 60)
    assert len(refused) <= 6
