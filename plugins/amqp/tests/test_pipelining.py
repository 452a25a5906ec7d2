"""The channel as a dispatcher drives it: many deliveries in flight, more as soon as earlier ones are settled."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest

from pulp_events import Channel, Delivery, PermanentFailure, TransientFailure
from pulp_events.errors import DeliveryFailure, TimedOut
from pulp_events_amqp import channel as channel_module
from pulp_events_amqp.window import FIRST


class Driver:
    """Keeps up to `in_flight` of `deliveries` in flight until each of them has an outcome."""

    def __init__(self, channel: Channel, deliveries: Sequence[Delivery], most: int | None = None) -> None:
        self.waiting = deque(deliveries)
        self.in_flight: dict[str, Delivery] = {}
        self.outcomes: dict[str, DeliveryFailure | None] = {}
        self.details: dict[str, str] = {}
        self.most_in_flight = 0
        self._channel = channel
        self._most = most

    def step(self, timeout: float = 0.05) -> None:
        """Submit what there is room for, and take what is known."""
        channel = self._channel
        most = min(channel.in_flight, self._most or channel.in_flight)
        new = [self.waiting.popleft() for _ in range(min(len(self.waiting), max(0, most - len(self.in_flight))))]
        self.in_flight |= {delivery.id: delivery for delivery in new}
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight))
        try:
            if new:
                channel.submit(new)
            for delivery, failure in channel.settled(timeout):
                self._note(delivery, failure)
        except DeliveryFailure as failure:
            for delivery in list(self.in_flight.values()):
                self._note(delivery, failure)

    def run(self) -> dict[str, DeliveryFailure | None]:
        """Until everything has an outcome."""
        while self.waiting or self.in_flight:
            self.step()
        return self.outcomes

    def _note(self, delivery: Delivery, failure: DeliveryFailure | None) -> None:
        del self.in_flight[delivery.id]  # KeyError: of one that was never submitted, or twice
        self.outcomes[delivery.id] = failure
        self.details[delivery.id] = self._channel.detail


@pytest.mark.parametrize(("credit", "count"), [(1, 200), (7, 1200), (200, 1200)])
def test_all_arrive_in_order_whatever_the_credit(credit, count, broker, make_delivery, open_channel) -> None:
    broker.faults.credit = credit
    deliveries = [make_delivery(number) for number in range(count)]
    outcomes = Driver(open_channel(broker.url, timeout="60s"), deliveries).run()
    assert len(outcomes) == count and set(outcomes.values()) == {None}
    assert [message.id for message in broker.messages] == [delivery.id for delivery in deliveries]


def test_what_is_settled_late_keeps_nothing_from_being_sent(broker, make_delivery, open_channel) -> None:
    """With a wait for the last outcome of each batch, what was submitted last would not arrive before the first."""
    broker.faults.settle_after, broker.faults.eager_credit = 0.5, True
    driver = Driver(open_channel(broker.url), [make_delivery(number) for number in range(FIRST)])
    driver.step(0.0)
    broker.wait_for(FIRST, timeout=60)
    assert driver.outcomes == {}
    driver.waiting.extend(make_delivery(FIRST + number) for number in range(300))
    while not driver.outcomes:
        driver.step()
    while driver.waiting:
        driver.step()
    assert len(driver.outcomes) < FIRST + 300, "more was submitted while earlier ones were in flight"
    assert set(driver.run().values()) == {None}


@pytest.mark.slow  # what it is about is how fast this machine is
def test_the_window_grows_while_a_broker_settles_late_but_takes_more(broker, make_delivery, open_channel) -> None:
    broker.faults.settle_after, broker.faults.eager_credit = 0.2, True
    channel = open_channel(broker.url, timeout="30s")  # a quarter of which is what shrinks it: this machine may be slow
    driver = Driver(channel, [make_delivery(number) for number in range(8 * FIRST)])
    assert set(driver.run().values()) == {None}
    assert driver.most_in_flight > FIRST


def test_one_at_a_time_is_submitted_and_settled(broker, make_delivery, open_channel) -> None:
    """A listener with one lane."""
    driver = Driver(open_channel(broker.url), [make_delivery(number) for number in range(50)], most=1)
    assert set(driver.run().values()) == {None} and driver.most_in_flight == 1
    assert len(broker.messages) == 50


def test_settled_returns_at_once_with_what_there_is(broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    channel.submit([make_delivery(1), make_delivery(2)])
    broker.wait_for(2, timeout=60)
    seen = []
    while len(seen) < 2:
        seen += [(delivery.id, failure) for delivery, failure in channel.settled(3600.0)]
    assert seen == [("5081a42c1.1", None), ("5081a42c2.1", None)]
    assert list(channel.settled(0.0)) == []


def test_what_comes_in_while_outcomes_are_taken_is_for_the_next_call(broker, make_delivery, open_channel) -> None:
    """Else a slow taker would empty the pipe before it submits more."""
    channel = open_channel(broker.url)
    channel.submit([make_delivery(1)])
    outcomes = channel.settled(60.0)
    next(outcomes)
    channel.submit([make_delivery(2)])
    broker.wait_for(2, timeout=60)
    wait_until(lambda: channel._outgoing.results.qsize() == 1)
    assert list(outcomes) == []
    assert [delivery.id for delivery, _ in channel.settled(60.0)] == ["5081a42c2.1"]


@pytest.fixture
def clock(monkeypatch) -> Callable[[float], None]:
    """`clock(seconds)`: so much later it is for the channel, which knows nothing of how busy this machine is."""
    later = [0.0]
    monkeypatch.setattr(channel_module, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + sum(later)))
    return later.append


def test_each_message_has_its_own_time_limit(clock, broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url, timeout="1000s")
    broker.faults.outcome = "never"
    channel.submit([make_delivery(1)])
    broker.wait_for(1, timeout=60)
    clock(500)
    channel.submit([make_delivery(2)])
    broker.wait_for(2, timeout=60)
    broker.faults.outcome = "accept"
    channel.submit([make_delivery(3)])

    def settled() -> list[tuple[str, type]]:
        return [(one.id, type(failure)) for one, failure in channel.settled(60.0)]

    assert settled() == [("5081a42c3.1", type(None))]
    clock(600)
    assert settled() == [("5081a42c1.1", TimedOut)]
    assert not channel.broken, "one is in flight that may yet be settled"
    clock(500)
    assert settled() == [("5081a42c2.1", TimedOut)]


def test_what_is_settled_too_late_is_nobodys(clock, broker, make_delivery, open_channel) -> None:
    """Neither the outcome of the next attempt under the same id, nor that of another delivery."""
    broker.faults.settle_after = 1.0
    channel = open_channel(broker.url, timeout="1000s")
    channel.submit([make_delivery(1)])
    broker.wait_for(1, timeout=60)
    clock(1001)
    (outcome,) = channel.settled(60.0)
    assert isinstance(outcome[1], TimedOut)
    broker.faults.settle_after, broker.faults.outcome = 0.0, "modify"
    wait_until(lambda: broker._peers[0].next_settlement == float("inf"))  # the first is settled
    channel.submit([make_delivery(1)])
    ((_, failure),) = channel.settled(60.0)
    assert type(failure) is TransientFailure and "modified" in str(failure)


def test_what_got_no_credit_was_not_sent_and_is_sent_no_more(clock, broker, make_delivery, open_channel) -> None:
    broker.faults.credit, broker.faults.settle_after = 1, 3600.0
    channel = open_channel(broker.url, timeout="1000s")
    driver = Driver(channel, [make_delivery(number) for number in range(3)])
    driver.step(0.0)
    broker.wait_for(1, timeout=60)
    clock(1001)
    outcomes = driver.run()
    assert isinstance(outcomes.pop("5081a42c0.1"), TimedOut)
    assert all(type(failure) is TransientFailure and "no credit" in str(failure) for failure in outcomes.values())
    assert channel.broken
    assert len(broker.messages) == 1


@pytest.mark.parametrize("how", ["close_after", "drop_after"])
def test_a_connection_that_ends_counts_for_all_in_flight(how, broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    setattr(broker.faults, how, 10)
    driver = Driver(channel, [make_delivery(number) for number in range(50)])
    outcomes = driver.run()
    accepted = {message.id for message in broker.messages if message.outcome == "accept"}
    delivered = {name for name, failure in outcomes.items() if failure is None}
    assert delivered <= accepted and len(outcomes) == 50
    assert channel.broken
    channel.close()
    channel.open()
    assert set(Driver(channel, [make_delivery(number) for number in range(50)]).run().values()) == {None}


def test_a_failed_attempt_has_a_detail_of_its_own(broker, make_delivery, open_channel) -> None:
    """Of whatever kind the failure is, nothing of an earlier success stands below it."""
    broker.faults.max_message_size = 2000
    channel = open_channel(broker.url, config={"format": "cloudevents"})
    large, unmade = make_delivery(2, report=b'{"payload": "%s"}' % (b"x" * 4000)), make_delivery(3, report=b"{")

    def attempt(delivery, before=lambda: None) -> None:
        first = Driver(channel, [make_delivery(1)])
        assert first.run() == {"5081a42c1.1": None} and first.details == {"5081a42c1.1": "accepted"}
        before()
        driver = Driver(channel, [delivery])
        (failure,) = driver.run().values()
        assert failure is not None
        assert driver.details == {delivery.id: ""}
        broker.faults.outcome, channel._timeout = "accept", 30.0

    attempt(large)
    attempt(unmade)

    def fails(outcome: str) -> None:
        broker.faults.outcome, channel._timeout = outcome, 0.3 if outcome == "never" else 30.0

    for outcome in ("modify", "reject", "never"):
        attempt(make_delivery(4), lambda outcome=outcome: fails(outcome))
        channel.close()
        channel.open()
    attempt(make_delivery(5), lambda: setattr(broker.faults, "drop_after", 1))


def test_a_large_and_an_impossible_one_harm_no_other(broker, make_delivery, open_channel) -> None:
    broker.faults.max_message_size = 2000
    channel = open_channel(broker.url, config={"format": "cloudevents"})
    large, unmade = make_delivery(2, report=b'{"payload": "%s"}' % (b"x" * 4000)), make_delivery(3, report=b"{")
    outcomes = Driver(channel, [make_delivery(1), large, unmade, make_delivery(4)]).run()
    assert [type(failure) for failure in (outcomes[large.id], outcomes[unmade.id])] == [
        TransientFailure,
        PermanentFailure,
    ]
    assert [outcomes["5081a42c1.1"], outcomes["5081a42c4.1"]] == [None, None]


def wait_until(condition, timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.01)
