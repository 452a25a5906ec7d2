"""What goes wrong at one listener is nobody else's business."""

import os
import threading
import time
from dataclasses import replace

import pytest

from pulp_events import TransientFailure
from pulp_events.dispatcher import claiming, timekeeper
from pulp_events.dispatcher.circuit import FIRST_PAUSE, LONGEST_PAUSE, THRESHOLD, Circuit
from pulp_events.dispatcher.claim_size import LARGEST_BATCH, ClaimSize
from pulp_events.dispatcher.scheduler import Scheduler
from pulp_events.errors import StoreError


def test_30_hanging_endpoints_delay_only_their_own_listeners(open_bus, scripted, eventually):
    bus = open_bus()
    for number in range(30):
        name = f"hanging-{number}"
        scripted.behaviour[name] = scripted.hang
        bus.listeners.create("scripted", {"name": name}, ["*"])
    healthy = bus.listeners.create("scripted", {"name": "healthy"}, ["*"], lanes=1)
    events = [bus.emit("repo.sync.start") for _ in range(50)]
    eventually(lambda: bus.deliveries.stats().by_listener[healthy.id]["delivered"] == 50)
    assert scripted.sent("healthy") == [event.id for event in events]
    assert not scripted.released.is_set()


def test_more_listeners_than_threads_all_get_their_turn(open_bus, scripted, eventually):
    bus = open_bus(concurrency=4)
    for number in range(40):
        bus.listeners.create("scripted", {"name": f"n{number}"}, ["*"])
    for _ in range(5):
        bus.emit("repo.sync.start")
    eventually(lambda: bus.deliveries.stats().delivered == 200)
    assert all(len(scripted.sent(f"n{number}")) == 5 for number in range(40))


def exits(delivery, channel):
    raise SystemExit(7)


def interrupts(delivery, channel):
    raise KeyboardInterrupt


def answers_true(delivery, channel):
    return True


def breaks_its_channel(delivery, channel):
    del channel.config
    channel.notifier = None
    raise AttributeError("nothing works any more")


def raises_a_class(delivery, channel):
    raise MemoryError


@pytest.mark.parametrize("fault", [exits, interrupts, answers_true, breaks_its_channel, raises_a_class])
def test_a_faulty_notifier_hurts_only_its_own_deliveries(open_bus, scripted, eventually, fault):
    bus = open_bus(retry_schedule="1h")
    faulty = bus.listeners.create("scripted", {"name": "faulty"}, ["*"])
    healthy = bus.listeners.create("scripted", {"name": "healthy"}, ["*"])
    scripted.behaviour["faulty"] = fault
    for _ in range(3):
        bus.emit("repo.sync.start")

    def counts():
        found = [one for one in bus.deliveries.list() if one.listener_id == faulty.id]
        # recorded, not only claimed
        tried = [len(bus.deliveries.attempts(one.id)) for one in found]
        return bus.deliveries.stats().by_listener[healthy.id]["delivered"] == 3 and tried == [1, 1, 1]

    eventually(counts)
    [delivery, *_] = [one for one in bus.deliveries.list() if one.listener_id == faulty.id]
    assert delivery.state == "pending"
    assert bus.deliveries.attempts(delivery.id)[0].outcome == "error"


def test_a_notifier_that_hangs_past_its_limit_is_abandoned_and_its_delivery_timed_out(
    open_bus, scripted, eventually, monkeypatch
):
    monkeypatch.setattr(timekeeper, "GRACE", 0.0)
    monkeypatch.setattr(timekeeper, "SUPERVISE", 0.05)
    monkeypatch.setattr(type(scripted), "time_limit", 0.2)
    bus = open_bus(lanes=1)
    bus.listeners.create("scripted", {"name": "hanging"}, ["*"])
    hung = []

    def hang_once(delivery, channel):
        if not hung:
            hung.append(delivery.id)
            scripted.hang(delivery, channel)

    scripted.behaviour["hanging"] = hang_once
    event = bus.emit("repo.sync.start")
    eventually(lambda: bus.deliveries.attempts(f"{event.id}.0"))
    [attempt] = bus.deliveries.attempts(f"{event.id}.0")
    assert attempt.outcome == "timeout" and attempt.duration >= 0.2
    delivery = bus.deliveries.get(f"{event.id}.0")
    assert (delivery.due - attempt.started).total_seconds() >= 60

    # its late return changes nothing, and its channel is closed
    scripted.released.set()
    eventually(lambda: scripted.closed["hanging"] == 1)
    assert bus.deliveries.get(f"{event.id}.0").attempts == 1
    assert len(bus.deliveries.attempts(f"{event.id}.0")) == 1


@pytest.mark.parametrize("deliver", ["background"])
def test_long_sends_keep_their_leases(open_bus, clock, deliver, scripted, eventually, monkeypatch):
    monkeypatch.setattr(timekeeper, "SUPERVISE", 0.05)
    monkeypatch.setattr(type(scripted), "time_limit", 3600.0)
    bus = open_bus(deliver, clock, lease="60s")
    bus.listeners.create("scripted", {"name": "slow"}, ["*"])
    release, extend, extended = threading.Event(), bus.outbox.extend, []
    monkeypatch.setattr(
        bus.outbox, "extend", lambda held, lease: (extend(held, lease), extended.append((clock.time(), held)))
    )
    scripted.behaviour["slow"] = lambda delivery, channel: release.wait(60) and None
    event = bus.emit("repo.sync.start")
    eventually(lambda: scripted.calls)
    for _ in range(6):
        clock.advance(25)
        now = clock.time()
        eventually(lambda: any(when >= now and held for when, held in extended))  # noqa: B023
    assert len(scripted.calls) == 1
    release.set()
    [delivery] = bus.wait(event, 30)
    assert (delivery.state, delivery.attempts) == ("delivered", 1)


def test_a_dead_endpoint_is_not_hammered_and_recovers_by_a_probe(open_bus, clock, scripted):
    bus = open_bus("inline", clock, retry_schedule="1h", jitter=0)
    bus.listeners.create("scripted", {"name": "down"}, ["*"])
    scripted.behaviour["down"] = scripted.refuse
    events = [bus.emit("repo.sync.start") for _ in range(20)]
    assert len(scripted.calls) == THRESHOLD
    clock.advance(FIRST_PAUSE + 0.1)
    bus.deliver_due()
    assert len(scripted.calls) == THRESHOLD + 1
    clock.advance(2 * FIRST_PAUSE - 0.1)
    bus.deliver_due()
    assert len(scripted.calls) == THRESHOLD + 1
    scripted.behaviour.clear()
    clock.advance(1)
    bus.deliver_due()
    assert scripted.sent("down") == [event.id for event in events]
    clock.advance(3601)
    bus.deliver_due()
    assert bus.deliveries.stats().delivered == 20


def test_pauses_between_probes_double_up_to_five_minutes():
    circuit, now, pauses = Circuit(), 0.0, []
    for _ in range(THRESHOLD + 9):
        circuit.failed(now)
        pauses.append(circuit.wait(now))
        now += circuit.wait(now)
    assert pauses[: THRESHOLD - 1] == [0.0] * (THRESHOLD - 1)
    assert pauses[THRESHOLD - 1 : THRESHOLD + 3] == [5, 10, 20, 40]
    assert pauses[-1] == LONGEST_PAUSE
    circuit.succeeded(now)
    assert circuit.wait(now) == 0 and not circuit.is_open


def test_what_fails_together_opens_the_circuit_once():
    circuit = Circuit()
    for _ in range(200):  # a batch whose connection broke
        circuit.failed(0.0)
    assert circuit.wait(0.0) == FIRST_PAUSE
    circuit.failed(FIRST_PAUSE)  # the probe
    assert circuit.wait(FIRST_PAUSE) == 2 * FIRST_PAUSE


def test_lanes_widen_only_while_the_endpoint_and_not_the_cpu_is_slow():
    size = ClaimSize()
    for _ in range(10):
        size.learn(10, wall=1.0, cpu=0.01, most_lanes=4)
    assert size.lanes == 4
    for _ in range(10):
        size.learn(100, wall=0.1, cpu=0.09, most_lanes=4)
    assert (size.lanes, size.batch) == (1, LARGEST_BATCH)
    size.learn(1, wall=30.0, cpu=0.0, most_lanes=4)
    assert size.batch == 1


def test_slow_deliveries_of_one_listener_run_side_by_side(open_bus, scripted, eventually):
    bus = open_bus(lanes=4)
    bus.listeners.create("scripted", {"name": "slow"}, ["*"])
    under_way, most = set(), []

    def slow(delivery, channel):
        under_way.add(delivery.id)
        most.append(len(under_way))
        time.sleep(0.05)
        under_way.discard(delivery.id)

    scripted.behaviour["slow"] = slow
    bus.emit_many([("repo.sync.start", {})] * 40)
    eventually(lambda: bus.deliveries.stats().delivered == 40)
    assert 2 <= max(most) <= 4


def test_deliveries_start_in_emit_order(open_bus, scripted, eventually):
    bus = open_bus(lanes=1)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    events = [bus.emit("repo.sync.start") for _ in range(300)]
    eventually(lambda: bus.deliveries.stats().delivered == 300)
    assert scripted.sent("a") == [event.id for event in events]


def test_with_several_lanes_too_none_starts_before_others_that_wait_for_a_lane(open_bus, scripted, eventually):
    """Several lanes share what was claimed: one that is late by a thread's turn, but never by a batch."""
    bus, events, started, known = open_bus(lanes=4), [], [], threading.Event()

    def slow(delivery, channel):
        started.append(delivery.event_id)
        assert known.wait(30)
        time.sleep(0.01)
        # A thread that is slow to start what it has taken is not overtaken by more than the other lanes.
        eventually(lambda: set(started).issuperset(events[: events.index(delivery.event_id)]))

    scripted.behaviour["slow"] = slow
    bus.listeners.create("scripted", {"name": "slow"}, ["*"])
    events += [event.id for event in bus.emit_many([("repo.sync.start", {})] * 200)]
    known.set()
    eventually(lambda: bus.deliveries.stats().delivered == 200)
    assert len({thread for _, _, thread in scripted.calls}) > 1, "no second lane was opened"
    assert max(abs(started.index(event) - place) for place, event in enumerate(events)) <= 4


def test_one_that_hangs_keeps_back_none_of_those_claimed_with_it(open_bus, scripted, eventually):
    bus = open_bus(lanes=4)
    scripted.behaviour["slow"] = lambda delivery, channel: (
        scripted.hang(delivery, channel) if delivery.event.payload else time.sleep(0.01)
    )
    bus.listeners.create("scripted", {"name": "slow"}, ["*"])
    usual, hanging = ("repo.sync.start", {}), ("repo.sync.start", {"hang": True})
    bus.emit_many([*[usual] * 100, hanging, *[usual] * 100])
    eventually(lambda: bus.deliveries.stats().delivered == 200)
    assert bus.deliveries.stats().pending == 1 and not scripted.released.is_set()


def test_with_one_lane_a_slow_failure_too_keeps_back_those_claimed_with_it(open_bus, scripted, eventually):
    """Its result is stored in the middle of the batch."""
    bus = open_bus(lanes=1, retry_schedule="0.01s", jitter=0)
    failed = []

    def fail_once(delivery, channel):
        if len(scripted.calls) == 12:
            failed.append(delivery.event_id)
            time.sleep(0.3)
            raise TransientFailure("503")

    scripted.behaviour["chat"] = fail_once
    bus.listeners.create("scripted", {"name": "chat"}, ["*"])
    events = [event.id for event in bus.emit_many([("repo.sync.start", {})] * 40)]
    eventually(lambda: bus.deliveries.stats().delivered == 40)
    place = events.index(failed[0])
    assert scripted.sent("chat") == events[: place + 1] + events[place:]


def test_with_one_lane_the_order_holds_through_retries(open_bus, scripted, eventually):
    bus = open_bus(lanes=1, retry_schedule="0.01s, 0.01s, 0.01s", jitter=0)
    bus.listeners.create("scripted", {"name": "shaky"}, ["*"])
    delivered = []

    def fail_sometimes(delivery, channel):
        if delivery.attempts == 1 and int(delivery.event.payload["n"]) % 7 == 3:
            raise TransientFailure("once more")
        delivered.append(delivery.event.payload["n"])

    scripted.behaviour["shaky"] = fail_sometimes
    bus.emit_many([("repo.sync.start", {"n": n}) for n in range(60)])
    eventually(lambda: bus.deliveries.stats().delivered == 60)
    assert delivered == list(range(60))


def test_a_lane_that_cannot_record_sends_nothing_more_until_it_can(open_bus, scripted, eventually, monkeypatch):
    bus = open_bus()
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    record, calls_at_failures = bus.outbox.record, []
    failed, repaired = threading.Event(), threading.Event()
    scripted.behaviour["a"] = lambda delivery, channel: None if len(scripted.calls) <= 5 or failed.wait(60) else 1

    def full_disk(results):
        if not repaired.is_set():
            calls_at_failures.append(len(scripted.calls))
            failed.set()
            raise StoreError("the disk is full")
        return record(results)

    monkeypatch.setattr(bus.outbox, "record", full_disk)
    monkeypatch.setattr("pulp_events.dispatcher.recorder.STORE_RETRY", 0.05)
    bus.emit_many([("repo.sync.start", {})] * 40)
    eventually(lambda: len(calls_at_failures) >= 8)
    known = len(calls_at_failures)
    made = calls_at_failures[known - 1]  # at the first failures some may have been under way
    bus.emit("repo.sync.finish")
    eventually(lambda: len(calls_at_failures) >= known + 8)
    assert 0 < made < 40
    assert set(calls_at_failures[known:]) == {made}
    repaired.set()
    eventually(lambda: bus.deliveries.stats().delivered == 41)
    assert len(scripted.calls) == 41


@pytest.mark.slow
def test_a_look_that_failed_is_made_up_for(open_bus, scripted, eventually, monkeypatch):
    """Nothing else happens that would call for another one: the outbox was away for a moment, as in a fail-over."""
    bus = open_bus()
    ready, failed = bus.outbox.ready, []

    def fail_once():
        if not failed:
            failed.append(True)
            raise StoreError("the database is away")
        return ready()

    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    other = open_bus("external")
    time.sleep(1.2)  # until the new record was looked at
    monkeypatch.setattr(bus.outbox, "ready", fail_once)
    other.emit("repo.sync.start")
    eventually(lambda: scripted.sent("a"))
    assert failed


def test_draining_does_not_end_while_what_was_just_claimed_is_under_way(open_bus, scripted, monkeypatch):
    """It was not under way when that was asked, and is not due any more when the outbox is."""
    bus, other = open_bus(), open_bus("external")
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    ready, asking, begun = bus.outbox.ready, threading.current_thread(), threading.Event()

    def claimed_meanwhile():
        if threading.current_thread() is asking and not begun.is_set():
            other.emit("repo.sync.start")
            assert begun.wait(30)
        return ready()

    def send(delivery, channel):
        begun.set()
        time.sleep(0.1)

    scripted.behaviour["a"] = send
    monkeypatch.setattr(bus.outbox, "ready", claimed_meanwhile)
    assert bus.dispatcher.drain(30)
    assert bus.deliveries.stats().delivered == 1


def test_draining_waits_for_a_result_that_is_just_being_stored(open_bus, scripted, eventually, monkeypatch):
    bus = open_bus()
    record, storing, released = bus.outbox.record, threading.Event(), threading.Event()

    def slowly(results):
        storing.set()
        released.wait(60)
        return record(results)

    monkeypatch.setattr(bus.outbox, "record", slowly)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    bus.emit("repo.sync.start")
    assert storing.wait(30)
    eventually(lambda: not bus.dispatcher._scheduler.is_busy(lambda _: True))
    assert not bus.dispatcher.drain(0.1)
    released.set()
    assert bus.dispatcher.drain(30)


def test_draining_ends_when_nothing_is_due_though_a_look_begins_at_that_moment(open_bus, monkeypatch):
    """A look that finds a listener whom nobody here can serve is work for a moment only."""
    bus = open_bus()
    answers = iter([False, False, True])  # idle before and after the outbox was asked; then somebody looks
    monkeypatch.setattr(Scheduler, "is_busy", lambda self, whose: next(answers, False))
    assert bus.dispatcher.drain(30)


@pytest.mark.parametrize("deliver", ["background"])
def test_a_retry_is_made_in_time_though_others_of_its_listener_were_due_before_it(
    open_bus, clock, deliver, scripted, eventually
):
    """It waits since before this process began: what is claimed tells when the next one is due."""
    before = open_bus("inline", clock, retry_schedule="30s", jitter=0)
    before.listeners.create("scripted", {"name": "a"}, ["*"])
    scripted.behaviour["a"] = scripted.refuse
    retried = before.emit("repo.sync.start")
    scripted.behaviour.clear()
    scripted.calls.clear()
    before.close()
    fresh = open_bus("external", clock, retry_schedule="30s", jitter=0).emit("repo.sync.finish")
    bus = open_bus(deliver, clock, retry_schedule="30s", jitter=0)
    eventually(lambda: scripted.sent("a") == [fresh.id])
    assert bus.dispatcher.drain(30)
    clock.advance(31)  # which is before it looks without a reason
    eventually(lambda: scripted.sent("a") == [fresh.id, retried.id])


def test_one_claim_takes_no_more_than_its_limit_however_many_listeners_are_due(open_bus, clock, scripted, monkeypatch):
    monkeypatch.setattr(claiming, "MOST_CLAIMED", 8)
    bus = open_bus("inline", clock)
    for number in range(6):
        bus.listeners.create("scripted", {"name": f"n{number}"}, ["*"])
    claim, asked = bus.outbox.claim, []

    def note(requests, *arguments):
        asked.append(sum(request.limit for request in requests))
        return claim(requests, *arguments)

    monkeypatch.setattr(bus.outbox, "claim", note)
    open_bus("external").emit_many([("repo.sync.start", {})] * 10)
    bus.deliver_due()
    assert bus.deliveries.stats().delivered == 60
    assert max(asked) < 8 + LARGEST_BATCH and asked[0] == 8


def test_a_claim_that_the_outbox_forgot_is_made_again_and_both_attempts_are_recorded(
    open_bus, scripted, eventually, monkeypatch
):
    """As a database may that failed over: the delivery is claimed once more before its first result is stored."""
    bus = open_bus(lanes=1)
    claim, record, recorded = bus.outbox.claim, bus.outbox.record, []

    def claim_twice(*arguments, **options):
        found = claim(*arguments, **options)
        return replace(found, deliveries=[*found.deliveries, *found.deliveries])

    def note(results):
        assert len({result.delivery.id for result in results}) == len(results), "a store may refuse that"
        recorded.extend(result.delivery.id for result in results)
        return record(results)

    monkeypatch.setattr(bus.outbox, "claim", claim_twice)
    monkeypatch.setattr(bus.outbox, "record", note)
    bus.listeners.create("scripted", {"name": "a"}, ["*"])
    event = bus.emit("repo.sync.start")
    assert [delivery.state for delivery in bus.wait(event, 30)] == ["delivered"]
    eventually(lambda: recorded == [f"{event.id}.0"] * 2)


def test_a_notifier_that_closes_a_file_descriptor_of_another_costs_that_one_an_attempt_and_no_more(
    open_bus, scripted, eventually
):
    """As one does that closes its own twice: the number may be another's by then."""
    bus = open_bus(retry_schedule="0.05s", jitter=0)
    healthy = bus.listeners.create("scripted", {"name": "healthy"}, ["*"])
    pipes = []

    def write(delivery, channel):
        if not hasattr(channel, "end"):
            reading, channel.end = os.pipe()
            pipes.append((reading, channel.end))
        os.write(channel.end, f"{delivery.id}\n".encode())

    scripted.behaviour["healthy"] = write
    first = bus.emit("repo.sync.start")
    assert [one.state for one in bus.wait(first, 30)] == ["delivered"]
    vandal = bus.listeners.create("scripted", {"name": "vandal"}, ["repo.sync.finish"])
    bus.listeners.update(healthy.id, event_types=["repo.publish.start"])

    def close(delivery, channel):
        if delivery.attempts == 1:
            # And the number is that of a file by then into which nothing can be written: nobody else can get it.
            taken = os.open(os.devnull, os.O_RDONLY)
            os.dup2(taken, pipes[0][1])
            os.close(taken)

    scripted.behaviour["vandal"] = close
    assert [one.state for one in bus.wait(bus.emit("repo.sync.finish"), 30)] == ["delivered"]
    second = bus.emit("repo.publish.start")
    [delivery] = bus.wait(second, 30)
    assert (delivery.state, delivery.listener_id, delivery.attempts) == ("delivered", healthy.id, 2)
    assert "Bad file descriptor" in bus.deliveries.attempts(delivery.id)[0].detail
    assert (scripted.opened["healthy"], len(pipes)) == (2, 2)
    assert os.read(pipes[1][0], 1000).decode().split() == [delivery.id]
    assert bus.deliveries.stats().by_listener[vandal.id]["delivered"] == 1
    for number in (*pipes[0], *pipes[1]):
        os.close(number)
