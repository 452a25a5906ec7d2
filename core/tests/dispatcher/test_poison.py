"""Events that their receiver chokes on fail each time: they do not hold up those that it takes, and an endpoint that is
down is left alone all the same."""

import json

import pytest

from pulp_events import TransientFailure
from pulp_events.dispatcher.circuit import FIRST_PAUSE, LONGEST_PAUSE, RECENT, RETRY_COUNTS, THRESHOLD, Circuit
from pulp_events.dispatcher.mixing import mixed, probe_first

A = "repo.sync.start"
IDLE = {20: 5, 5: 30}
"""Seconds without an attempt that chance may cost, by how many events there are to a poisonous one."""
IN_A_ROW = int(THRESHOLD / RETRY_COUNTS)


class Claimed:
    def __init__(self, attempts, forgiven=0):
        self.attempts, self.forgiven = attempts, forgiven


FIRST, RETRY, ASKED_FOR = Claimed(1), Claimed(2), Claimed(2, forgiven=1)


def shown(deliveries):
    return "".join("r" if each is RETRY else "f" for each in deliveries)


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [
        ([], ""),
        ([FIRST] * 3, "fff"),
        ([RETRY] * 3, "rrr"),
        ([RETRY] * 4 + [FIRST] * 4, "frfrfrfr"),
        ([RETRY] * 2 + [FIRST] * 6, "ffrfffrf"),
    ],
)
def test_first_attempts_and_retries_are_spread(claimed, expected):
    assert shown(mixed(claimed)) == expected


def test_a_retry_that_the_receiver_asked_for_says_nothing_of_its_event():
    assert list(mixed([RETRY, ASKED_FOR, RETRY, ASKED_FOR])) == [ASKED_FOR, RETRY, ASKED_FOR, RETRY]


def test_probes_are_a_first_attempt_and_a_retry_in_turn():
    circuit, now, probes = Circuit(), 0.0, ""
    for _ in range(THRESHOLD):
        circuit.failed(now)
    for _ in range(4):
        now += circuit.wait(now)
        probe = probe_first([RETRY, FIRST], circuit.retry_next)[0]
        probes += shown([probe])
        circuit.failed(now, again=probe is RETRY)
    assert probes == "frfr"


def test_retries_alone_open_the_circuit_of_a_listener_that_takes_first_attempts_later_and_with_short_pauses():
    circuit, now = Circuit(), 0.0
    circuit.succeeded(now)
    for _ in range(IN_A_ROW - 1):
        circuit.failed(now, again=True)
        assert not circuit.is_open
    while now < RECENT:
        circuit.failed(now, again=True)
        assert circuit.wait(now) == FIRST_PAUSE
        now += FIRST_PAUSE
    circuit.failed(now, again=True)
    assert circuit.wait(now) == 2 * FIRST_PAUSE, "there was no success for long: it may be down after all"


def test_retries_count_as_all_else_where_no_first_attempt_is_known_to_succeed():
    fallen = Circuit()
    fallen.succeeded(0.0)
    for _ in range(THRESHOLD):
        fallen.failed(0.0)
    for circuit in (Circuit(), fallen):
        now, pauses = 0.0, []
        while len(pauses) < 12:
            now += circuit.wait(now)
            circuit.failed(now, again=True)
            if circuit.is_open:
                pauses.append(circuit.wait(now))
        assert pauses[-1] == LONGEST_PAUSE


def poisonous(scripted, every, clock=None):
    def act(delivery, channel):
        if clock is not None:
            clock.advance(0.05)
        if json.loads(delivery.report)["payload"]["n"] % every == 0:
            raise TransientFailure("503 I cannot take that")

    scripted.behaviour["a"] = act


@pytest.mark.parametrize("every", [20, 5])
def test_poison_does_not_hold_up_what_the_endpoint_takes(open_bus, clock, scripted, every):
    """Attempts take a while, so that retries come due among the first attempts: at each moment some are."""
    bus = open_bus("inline", clock, retry_schedule="5s, 20s, 1m", jitter=0)
    poisonous(scripted, every, clock)
    bus.listeners.create("scripted", {"name": "a"}, [A], name="a")
    bus.listeners.mute("a", 3600)
    bus.emit_many([(A, {"n": n}) for n in range(1000)])
    clock.advance(3600)
    idle = 0
    while (bus.deliver_due(), bus.deliveries.stats().delivered)[1] < 1000 - 1000 // every:
        clock.advance(1)
        idle += 1
        assert idle <= IDLE[every], "the circuit opens again and again"
    for n in range(1, 5):  # and what is emitted meanwhile waits for a short while at most
        bus.emit(A, {"n": n})
        clock.advance(FIRST_PAUSE + 0.1)
        bus.deliver_due()
    assert bus.deliveries.stats().delivered == 1004 - 1000 // every


def test_what_is_claimed_begins_as_the_state_of_the_circuit_asks(open_bus, clock, scripted):
    bus = open_bus("inline", clock)
    for lanes in (1, 4):
        route = bus.dispatcher._routes.get(bus.listeners.create("scripted", {"name": "a"}, [A], lanes=lanes).id)
        for opened in (False, True):
            route.circuit.failures = THRESHOLD if opened else 0
            route.line_up([RETRY, RETRY, FIRST, FIRST])
            assert shown(route.waiting) == ("rrff" if lanes == 1 else "ffrr" if opened else "frfr")
            route.waiting.clear()


@pytest.mark.sample(1)
@pytest.mark.parametrize(("batch_size", "in_flight"), [(1, 0), (10, 0), (1, 10)])
def test_an_endpoint_that_goes_down_among_poison_is_tried_no_more_than_is_said(
    open_bus, clock, scripted, batch_size, in_flight, monkeypatch
):
    bus = open_bus("inline", clock, retry_schedule="5s, 20s, 10m, 1h", jitter=0)
    poisonous(scripted, 20)
    bus.listeners.create("scripted", {"name": "a"}, [A], name="a")
    bus.listeners.mute("a", 3600)
    bus.emit_many([(A, {"n": n}) for n in range(400)])
    clock.advance(3600)
    bus.deliver_due()
    scripted.behaviour["a"] = scripted.refuse
    channel = type(scripted.open({"name": "a"}, None))
    monkeypatch.setattr(channel, "batch_size", batch_size)
    monkeypatch.setattr(channel, "in_flight", in_flight)
    sizes = []

    def send_batch(self, deliveries):
        sizes.append(len(deliveries))
        for each in deliveries:
            try:
                self.send(each)
            except TransientFailure as failure:
                yield each, failure

    def settled(self, timeout):
        waiting, self.waiting = self.waiting, []
        yield from send_batch(self, waiting)

    monkeypatch.setattr(channel, "send_batch", send_batch)
    monkeypatch.setattr(channel, "submit", lambda self, more: vars(self).setdefault("waiting", []).extend(more), False)
    monkeypatch.setattr(channel, "settled", settled, False)
    made = len(scripted.calls)
    bus.listeners.mute("a", 1)
    bus.emit_many([(A, {"n": n}) for n in range(400)])
    for _ in range(2):
        clock.advance(6)
        bus.deliver_due()
    assert len(scripted.calls) - made <= IN_A_ROW + max(batch_size, in_flight)
    del sizes[:]
    made, began = len(scripted.calls), clock.monotonic()
    while clock.monotonic() - began < 3600:
        clock.advance(1)
        bus.deliver_due()
    assert len(scripted.calls) - made <= 8 + 3600 / LONGEST_PAUSE + 5
    assert set(sizes) <= {1}, "a probe is one delivery"


@pytest.mark.slow
@pytest.mark.sample(1)
@pytest.mark.parametrize("lanes", [1, 4])
def test_an_endpoint_that_goes_down_when_hardly_anything_is_emitted_gets_ever_longer_pauses(
    open_bus, clock, scripted, lanes
):
    bus = open_bus("inline", clock, retry_schedule=", ".join(["1s"] * 100), jitter=0)
    bus.listeners.create("scripted", {"name": "a"}, [A], lanes=lanes)
    bus.emit(A)
    scripted.behaviour["a"] = scripted.refuse
    for _ in range(3):
        bus.emit(A)
    began = clock.monotonic()
    while clock.monotonic() - began < 7200:
        clock.advance(1)
        bus.deliver_due()
    assert len(scripted.calls) < IN_A_ROW + RECENT / FIRST_PAUSE + 8 + 7200 / LONGEST_PAUSE
    assert bus.deliveries.stats().pending == 3, "the schedule is not used up by probes"


@pytest.mark.parametrize(("lanes", "expected"), [(4, 2 + 2 * RETRY_COUNTS), (1, 2)])
def test_a_retry_counts_less_only_where_first_attempts_may_come_between(open_bus, clock, scripted, lanes, expected):
    bus = open_bus("inline", clock, retry_schedule="1s, 1s, 1s", jitter=0)
    listener = bus.listeners.create("scripted", {"name": "a"}, [A], lanes=lanes)
    bus.emit(A)
    scripted.behaviour["a"] = scripted.refuse
    bus.emit_many([(A, {})] * 2)
    clock.advance(1)
    bus.deliver_due()
    assert bus.dispatcher._routes.get(listener.id).circuit.failures == expected
