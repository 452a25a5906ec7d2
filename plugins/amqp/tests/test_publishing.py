"""What arrives at the broker, and what its answers are taken for."""

from __future__ import annotations

import time

import pytest

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import TimedOut
from pulp_events.testing.amqp_broker import AmqpBroker


def test_a_report_arrives_byte_for_byte_with_its_properties(broker, make_delivery, open_channel) -> None:
    delivery = make_delivery()
    open_channel(broker.url).send(delivery)
    (message,) = broker.wait_for(1)
    assert message.exchange == "pulp"
    assert message.body == delivery.report
    assert message.subject == "repo.sync.start"
    assert message.id == delivery.id
    assert message.content_type == "application/json"
    assert message.durable
    assert message.message.creation_time == delivery.event_time.timestamp()
    assert message.correlation_id == "79be77a8"
    assert message.properties == {"event_id": delivery.event_id, "event_type": "repo.sync.start"}
    assert message.message.inferred, "the body is a data section"


@pytest.mark.parametrize("call_report", [b"{}", b'{"task_id": null}', b'{"task_id": 7}', b"null"])
def test_without_a_task_there_is_no_correlation_id(call_report, broker, make_delivery, open_channel) -> None:
    report = b'{"call_report": %s, "event_type": "repo.sync.start", "payload": {"task_id": "x"}}' % call_report
    open_channel(broker.url).send(make_delivery(report=report))
    assert broker.wait_for(1)[0].correlation_id is None


def test_the_listeners_exchange_goes_before_the_setting_and_that_before_amq_topic(
    broker, make_delivery, open_channel
) -> None:
    open_channel(broker.url, "mine", topic_exchange="ours").send(make_delivery())
    open_channel(broker.url, None, topic_exchange="ours").send(make_delivery())
    open_channel(broker.url, None).send(make_delivery())
    assert [message.exchange for message in broker.wait_for(3)] == ["mine", "ours", "amq.topic"]


def test_one_connection_and_link_carry_many_deliveries(broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    for number in range(20):
        channel.send(make_delivery(number))
    assert len(broker.wait_for(20)) == 20
    assert broker.connections == 1
    assert len(broker.authentications) == 1


@pytest.mark.parametrize("credit", [1, 7, 200])
def test_a_batch_is_delivered_whole_whatever_the_credit(credit, broker, make_delivery, open_channel) -> None:
    broker.faults.credit = credit
    deliveries = [make_delivery(number) for number in range(100)]
    outcomes = list(open_channel(broker.url).send_batch(deliveries))
    assert sorted(delivery.id for delivery, _ in outcomes) == sorted(delivery.id for delivery in deliveries)
    assert all(failure is None for _, failure in outcomes)
    assert [message.id for message in broker.wait_for(100)] == [delivery.id for delivery in deliveries]


def test_a_batch_is_pipelined(broker, make_delivery, open_channel) -> None:
    """With an answer to each message before the next one, the second could not arrive."""
    broker.faults.outcome = "never"
    outcomes = open_channel(broker.url, timeout="300ms").send_batch([make_delivery(number) for number in range(3)])
    assert all(isinstance(failure, TimedOut) for _, failure in outcomes)
    assert len(broker.wait_for(3)) == 3


@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", "something-else"])
@pytest.mark.parametrize(
    ("outcome", "failure", "text"),
    [
        ("reject", PermanentFailure, "amqp:precondition-failed: rejected by the test"),
        ("modify", TransientFailure, "modified"),
        ("never", TimedOut, "did not settle"),
    ],
)
def test_outcomes_are_told_apart(product, outcome, failure, text, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.outcome = outcome
        with pytest.raises(failure, match=text):
            open_channel(broker.url, timeout="300ms").send(make_delivery())


def test_released_is_transient_on_qpid(broker, make_delivery, open_channel) -> None:
    broker.faults.outcome = "release"
    with pytest.raises(TransientFailure, match="released"):
        open_channel(broker.url).send(make_delivery())


def test_released_by_rabbitmq_is_delivered_because_nobody_subscribed(rabbit_like, make_delivery, open_channel) -> None:
    open_channel(rabbit_like.url).send(make_delivery())
    assert rabbit_like.wait_for(1)[0].outcome == "release"


def test_a_batch_has_an_outcome_for_each_delivery(broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    broker.faults.outcome = "reject"
    assert all(
        isinstance(failure, PermanentFailure) for _, failure in channel.send_batch([make_delivery(n) for n in range(5)])
    )
    broker.faults.outcome = "accept"
    assert [failure for _, failure in channel.send_batch([make_delivery(9)])] == [None]


def test_a_link_without_credit_is_waited_for_no_longer_than_the_timeout(broker, make_delivery, open_channel) -> None:
    broker.faults.credit = 0
    channel = open_channel(broker.url, timeout="300ms")
    started = time.monotonic()
    with pytest.raises(TransientFailure, match="no credit") as caught:
        channel.send(make_delivery())
    assert not isinstance(caught.value, TimedOut)
    assert time.monotonic() - started < 3
    assert broker.messages == []


def test_a_message_over_the_brokers_limit_is_permanent_and_says_so(broker, make_delivery, open_channel) -> None:
    broker.faults.max_message_size = 400
    channel = open_channel(broker.url)
    big, small = make_delivery(1, report=b'{"payload": "%s"}' % (b"x" * 400)), make_delivery(2, report=b"{}")
    outcomes = dict(channel.send_batch([big, small]))
    assert isinstance(outcomes[big], PermanentFailure) and "at most 400" in str(outcomes[big])
    assert outcomes[small] is None


def test_a_large_report_is_sent_in_frames(broker, make_delivery, open_channel) -> None:
    report = b'{"payload": "%s"}' % (b"x" * 1_000_000)
    open_channel(broker.url).send(make_delivery(report=report))
    assert broker.wait_for(1)[0].body == report
