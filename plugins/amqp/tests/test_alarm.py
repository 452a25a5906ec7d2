"""An alarm, as RabbitMQ has them: the broker closes the incoming window of every session."""

from __future__ import annotations

import threading
import time

import pytest

from pulp_events import EventBus, TransientFailure
from pulp_events.errors import TimedOut
from pulp_events_amqp.testing import AmqpBroker

PRODUCTS = {"RabbitMQ": "blocked the connection", "qpid-cpp": "does not accept messages at the moment"}


@pytest.fixture(params=PRODUCTS)
def blocking(request):
    """A broker, and the words with which its alarm is named."""
    with AmqpBroker(request.param) as broker:
        yield broker, PRODUCTS[request.param]


def test_what_an_alarm_holds_back_does_not_time_out_and_is_not_sent_later(
    blocking, make_delivery, open_channel
) -> None:
    broker, words = blocking
    channel = open_channel(broker.url)
    channel.send(make_delivery(1000))
    broker.faults.blocked = True
    channel._timeout = 0.3
    outcomes = dict(channel.send_batch([make_delivery(number) for number in range(300)]))
    assert len(outcomes) == 300
    for failure in outcomes.values():
        assert isinstance(failure, TransientFailure) and not isinstance(failure, TimedOut)
        assert words in str(failure) and failure.retry_after == 1.0
    assert channel.broken
    channel.close()
    broker.faults.blocked = False
    channel._timeout = 30.0
    channel.open()
    channel.send(make_delivery(1001))
    assert [message.id for message in broker.messages] == ["5081a42c1000.1", "5081a42c1001.1"]


@pytest.mark.parametrize("product", ["RabbitMQ", "Apache Qpid Broker-J Core"])
def test_opening_names_the_alarm_where_that_takes_a_message(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.blocked = True
        with pytest.raises(
            TransientFailure, match=r"blocked the connection|does not accept messages at the moment"
        ) as caught:
            open_channel(broker.url, timeout="300ms")
        assert not isinstance(caught.value, TimedOut) and caught.value.retry_after == 1.0


@pytest.mark.parametrize("product", ["RabbitMQ", "Apache Qpid Broker-J Core"])
def test_an_alarm_that_ends_while_a_channel_opens_lets_it_go_on(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.blocked = True
        ending = threading.Timer(0.2, setattr, (broker.faults, "blocked", False))
        ending.start()
        channel = open_channel(broker.url, timeout="30s")
        channel.send(make_delivery())
        ending.join()
        assert not channel._engine.takes_nothing()


@pytest.mark.parametrize("after_a_success", [False, True])
@pytest.mark.slow
def test_an_alarm_costs_no_step_of_the_schedule(after_a_success, blocking, tmp_path) -> None:
    """With an hour between attempts, only the pause that the failure asks for can be what brings the next one."""
    broker, words = blocking
    conf = tmp_path / "server.conf"
    conf.write_text(
        f"[events]\ndata_dir = {tmp_path / 'data'}\n[messaging]\nurl = {broker.url}\ntimeout = 1s\n"
        "[delivery]\nretry_schedule = 1h\n"
    )
    with EventBus.open(conf, deliver="background") as bus:
        bus.listeners.create("amqp", {"exchange": "pulp"}, ["*"])
        if after_a_success:
            (result,) = bus.wait(bus.emit("repo.sync.start", {}), timeout=60)
            assert result.state == "delivered"
        broker.faults.blocked = True
        event = bus.emit("repo.sync.start", {})
        deadline = time.monotonic() + 60
        while not bus.deliveries.attempts(f"{event.id}.0"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        broker.faults.blocked = False
        (result,) = bus.wait(event, timeout=60)
        assert result.state == "delivered"
        attempts = bus.deliveries.attempts(f"{event.id}.0")
    assert all(words in attempt.detail for attempt in attempts[:-1]), attempts
    assert attempts[-1].outcome == "delivered"
