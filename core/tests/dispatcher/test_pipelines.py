"""Channels that pipeline: a window of deliveries in flight, refilled across claims."""

import threading
import time
from collections import deque

import pytest

from pulp_events import Channel, PermanentFailure, TransientFailure
from pulp_events.errors import TimedOut


class Pipe(Channel):
    """Settles each delivery `delay` seconds after it was submitted."""

    def __init__(self, notifier, config):
        self.notifier, self.name = notifier, config["name"]
        self.in_flight = notifier.in_flight
        self.waiting = deque()

    def open(self):
        self.notifier.opened[self.name] += 1

    def close(self):
        self.notifier.closed[self.name] += 1

    def submit(self, deliveries):
        now = time.monotonic()
        for delivery in deliveries:
            self.notifier.submitted.append(delivery.event_id)
            self.waiting.append((now + self.notifier.delay, delivery))
        self.notifier.most = max(self.notifier.most, len(self.waiting))

    def settled(self, timeout):
        deadline = time.monotonic() + timeout
        while self.waiting:
            at, delivery = self.waiting[0]
            left = at - time.monotonic()
            if left > 0:
                if time.monotonic() + left > deadline:
                    return
                time.sleep(left)
            self.waiting.popleft()
            deadline = 0.0
            self.detail = f"settled {delivery.event.payload.get('n')}"
            yield delivery, self.notifier.outcome(delivery, self)


@pytest.fixture
def pipes(scripted, monkeypatch):
    scripted.in_flight, scripted.delay, scripted.submitted, scripted.most = 50, 0.0, [], 0
    scripted.outcome = lambda delivery, channel: None
    monkeypatch.setattr(type(scripted), "open", lambda self, config, settings: Pipe(self, config))
    return scripted


def emit(bus, count):
    return [event.id for event in bus.emit_many([("repo.sync.start", {"n": n}) for n in range(count)])]


@pytest.mark.slow
def test_a_window_stays_full_across_claims_while_outcomes_come_late(open_bus, pipes, eventually):
    pipes.delay = 0.2
    bus = open_bus("external")
    bus.listeners.create("scripted", {"name": "pipe"}, ["*"])
    ids = emit(bus, 400)
    bus = open_bus()
    began = time.monotonic()
    eventually(lambda: bus.deliveries.stats().delivered == 400, 30)
    assert pipes.submitted == ids and pipes.most == 50
    assert pipes.opened["pipe"] == 1
    assert time.monotonic() - began < 30


def test_each_has_its_own_outcome_and_detail(open_bus, clock, pipes):
    bus = open_bus("inline", clock, retry_schedule="1h")
    bus.listeners.create("scripted", {"name": "pipe"}, ["*"])
    failures = {1: TransientFailure("not now"), 2: PermanentFailure("never"), 3: TimedOut("late")}
    pipes.outcome = lambda delivery, channel: failures.get(delivery.event.payload["n"])
    emit(bus, 5)
    found = {one.event.payload["n"]: (one.state, one.detail) for one in bus.deliveries.list()}
    assert found[0] == ("delivered", "settled 0") and found[4] == ("delivered", "settled 4")
    assert found[1] == ("pending", "not now\nsettled 1")
    assert found[2] == ("dead", "never\nsettled 2")
    assert found[3] == ("pending", "late\nsettled 3")


@pytest.mark.parametrize("method", ["submit", "settled"])
def test_a_connection_that_is_lost_fails_what_is_in_flight_and_nothing_else(
    open_bus, clock, pipes, monkeypatch, method
):
    bus = open_bus("inline", clock, retry_schedule="5s", jitter=0)
    bus.listeners.create("scripted", {"name": "pipe"}, ["*"])
    emit(bus, 3)
    original = getattr(Pipe, method)

    def lost(self, argument):
        monkeypatch.setattr(Pipe, method, original)
        self.broken = True
        raise TransientFailure("connection lost")

    monkeypatch.setattr(Pipe, method, lost)
    emit(bus, 3)
    states = sorted((one.event.payload["n"], one.state, one.detail) for one in bus.deliveries.list())
    assert [one for one in states if one[1] == "pending"] == [(n, "pending", "connection lost") for n in range(3)]
    clock.advance(6)
    bus.deliver_due()
    assert bus.deliveries.stats().delivered == 6
    assert pipes.opened["pipe"] == 2 and pipes.closed["pipe"] == 1


def test_with_an_order_to_keep_one_is_in_flight_at_a_time(open_bus, clock, pipes):
    bus = open_bus("inline", clock, lanes=1, retry_schedule="5s", jitter=0)
    bus.listeners.create("scripted", {"name": "pipe"}, ["*"])
    failing = [3]
    pipes.outcome = lambda delivery, channel: (
        TransientFailure("busy") if delivery.event.payload["n"] in failing else None
    )
    ids = emit(bus, 6)
    assert pipes.submitted == ids[:4] and pipes.most == 1
    failing.clear()
    clock.advance(6)
    bus.deliver_due()
    assert pipes.submitted == ids[:4] + ids[3:]


def test_credentials_that_ran_out_are_read_again_for_all_in_flight(open_bus, clock, pipes):
    bus = open_bus("inline", clock, retry_schedule="1h")
    bus.listeners.create("scripted", {"name": "pipe"}, ["*"])
    emit(bus, 2)
    pipes.outcome = lambda delivery, channel: (
        TransientFailure("unauthorized", credentials=True) if pipes.opened["pipe"] == 1 else None
    )
    emit(bus, 5)
    assert bus.deliveries.stats().delivered == 7
    assert {one.attempts for one in bus.deliveries.list()} == {1}
    assert pipes.opened["pipe"] == 2


def test_what_hangs_in_flight_is_given_up_at_its_limit(open_bus, pipes, eventually, monkeypatch):
    monkeypatch.setattr("pulp_events.dispatcher.timekeeper.GRACE", 0.0)
    monkeypatch.setattr("pulp_events.dispatcher.timekeeper.SUPERVISE", 0.05)
    monkeypatch.setattr(type(pipes), "time_limit", 0.3)
    monkeypatch.setattr(Pipe, "settled", lambda self, timeout: pipes.released.wait(60) and [])
    bus = open_bus(retry_schedule="1h")
    bus.listeners.create("scripted", {"name": "pipe"}, ["*"])
    ids = emit(bus, 3)
    eventually(lambda: all(bus.deliveries.attempts(f"{event_id}.0") for event_id in ids))
    assert {bus.deliveries.attempts(f"{event_id}.0")[0].outcome for event_id in ids} == {"timeout"}


@pytest.mark.slow
def test_new_settings_of_the_listener_reach_a_pipeline_that_never_ends(open_bus, pipes, eventually):
    updated = threading.Event()
    pipes.outcome = lambda delivery, channel: None if updated.wait(60) else TimedOut("no update came")
    bus = open_bus()
    listener = bus.listeners.create("scripted", {"name": "old"}, ["*"])
    emit(bus, 1500)
    eventually(lambda: pipes.submitted)
    bus.listeners.update(listener.id, {"name": "new"})
    updated.set()
    eventually(lambda: bus.deliveries.stats().delivered == 1500, 30)
    assert pipes.opened["new"] >= 1


@pytest.mark.parametrize("lanes", [None, 1])
def test_a_pipeline_keeps_to_the_listeners_rate(open_bus, pipes, eventually, lanes):
    pipes.delay = 0.005
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "pipe"}, ["*"], rate="100/s", lanes=lanes)
    began = time.monotonic()
    ids = emit(bus, 60)
    eventually(lambda: bus.deliveries.stats().delivered == 60, 20)
    assert sorted(pipes.submitted) == sorted(ids) and time.monotonic() - began > 0.5
    assert lanes is None or pipes.submitted == ids


def test_what_expires_while_it_waits_for_room_is_not_submitted(open_bus, clock, pipes):
    pipes.in_flight = 2
    emitting = open_bus("external", clock)
    emitting.listeners.create("scripted", {"name": "pipe"}, ["*"])
    kept = emit(emitting, 2)
    emitting.emit_many([("repo.sync.start", {"n": n}) for n in range(5)], expires=10)

    def slow(delivery, channel):
        clock.advance(11)

    pipes.outcome = slow
    open_bus("inline", clock).deliver_due()
    assert pipes.submitted == kept
    assert emitting.deliveries.stats().dead == 5
