"""What arrives at the broker, and what its answers are taken for."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from cloudevents.core.bindings.amqp import AMQPMessage, from_amqp_event
from hypothesis import given
from hypothesis import strategies as st
from proton import Message, timestamp

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import TimedOut
from pulp_events.testing import factory
from pulp_events_amqp.message import MessageMaker
from pulp_events_amqp.testing import AmqpBroker


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
    channel = open_channel(broker.url)
    channel._timeout = 0.5
    outcomes = channel.send_batch([make_delivery(number) for number in range(3)])
    assert all(isinstance(failure, TimedOut) for _, failure in outcomes)
    assert len(broker.wait_for(3)) == 3


PRODUCTS = ["qpid-cpp", "RabbitMQ", "ActiveMQ", "apache-activemq-artemis", "Apache Qpid Broker-J Core", "mystery"]


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize(
    ("outcome", "failure", "text"),
    [
        ("reject", TransientFailure, "amqp:precondition-failed: rejected by the test"),
        ("modify", TransientFailure, "modified"),
        ("never", TimedOut, "did not settle"),
    ],
)
def test_outcomes_are_told_apart(product, outcome, failure, text, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.outcome = outcome
        channel = open_channel(broker.url)
        if outcome == "never":
            channel._timeout = 0.3
        with pytest.raises(failure, match=text) as caught:
            channel.send(make_delivery())
        assert type(caught.value) is failure


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize(
    ("condition", "failure"),
    [
        ("amqp:decode-error", PermanentFailure),
        ("amqp:invalid-field", PermanentFailure),
        ("amqp:precondition-failed", TransientFailure),
        ("amqp:internal-error", TransientFailure),
        ("amqp:not-implemented", TransientFailure),
        ("failed", TransientFailure),
        ("com.example:volcano", TransientFailure),
        ("amqp:decode-error-recovering", TransientFailure),
    ],
)
def test_only_a_rejection_that_says_never_is_permanent(
    product, condition, failure, make_delivery, open_channel
) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.outcome, broker.faults.condition = "reject", condition
        with pytest.raises(failure, match=condition) as caught:
            open_channel(broker.url).send(make_delivery())
        assert type(caught.value) is failure


def test_what_a_broker_says_beside_the_condition_is_kept(rabbit_like, make_delivery, open_channel) -> None:
    """RabbitMQ 4.3, of a queue whose node is down."""
    rabbit_like.faults.outcome, rabbit_like.faults.info = "reject", {"reason": "unavailable", "queue": "q1"}
    with pytest.raises(TransientFailure, match=r"precondition-failed: .* \(reason=unavailable, queue=q1\)"):
        open_channel(rabbit_like.url).send(make_delivery())


@pytest.mark.parametrize("product", [product for product in PRODUCTS if product != "RabbitMQ"])
def test_released_is_transient_but_on_rabbitmq(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.outcome = "release"
        with pytest.raises(TransientFailure, match="released"):
            open_channel(broker.url).send(make_delivery())


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_nobody_is_bound_for_is_delivered(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.bind("pulp", "another.type")
        channel = open_channel(broker.url)
        channel.send(make_delivery())
        assert channel.detail.startswith("nobody is subscribed" if product == "RabbitMQ" else "accepted")


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_queue_that_is_full_is_transient(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        channel = open_channel(broker.url)
        broker.faults.full = True
        with pytest.raises(TransientFailure, match=r"(?i)full"):
            channel.send(make_delivery())
        broker.faults.full = False
        channel.send(make_delivery())


def test_released_by_rabbitmq_is_delivered_because_nobody_subscribed(rabbit_like, make_delivery, open_channel) -> None:
    open_channel(rabbit_like.url).send(make_delivery())
    assert rabbit_like.wait_for(1)[0].outcome == "release"


def test_a_batch_has_an_outcome_for_each_delivery(broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url)
    broker.faults.outcome = "modify"
    assert all(
        isinstance(failure, TransientFailure) for _, failure in channel.send_batch([make_delivery(n) for n in range(5)])
    )
    broker.faults.outcome = "accept"
    assert [failure for _, failure in channel.send_batch([make_delivery(9)])] == [None]


def test_a_link_without_credit_is_waited_for_no_longer_than_the_timeout(broker, make_delivery, open_channel) -> None:
    broker.faults.credit = 0
    channel = open_channel(broker.url)
    channel._timeout = 0.3
    started = time.monotonic()
    with pytest.raises(TransientFailure, match="no credit") as caught:
        channel.send(make_delivery())
    assert not isinstance(caught.value, TimedOut)
    assert time.monotonic() - started < 20
    assert broker.messages == []


def test_a_message_over_the_brokers_limit_says_so(broker, make_delivery, open_channel) -> None:
    broker.faults.max_message_size = 400
    channel = open_channel(broker.url)
    big, small = make_delivery(1, report=b'{"payload": "%s"}' % (b"x" * 400)), make_delivery(2, report=b"{}")
    outcomes = dict(channel.send_batch([big, small]))
    assert type(outcomes[big]) is TransientFailure and "at most 400" in str(outcomes[big])
    assert outcomes[small] is None


def test_an_event_that_no_message_can_be_made_of_harms_no_other(broker, make_delivery, open_channel) -> None:
    channel = open_channel(broker.url, config={"format": "cloudevents"})
    torn = make_delivery(1, report=b'{"payload": ')
    outcomes = dict(channel.send_batch([torn, *(good := [make_delivery(2), make_delivery(3)])]))
    assert isinstance(outcomes[torn], PermanentFailure) and "cannot be encoded" in str(outcomes[torn])
    assert [outcomes[delivery] for delivery in good] == [None, None]


def test_a_large_report_is_sent_in_frames(broker, make_delivery, open_channel) -> None:
    report = b'{"payload": "%s"}' % (b"x" * 1_000_000)
    open_channel(broker.url).send(make_delivery(report=report))
    assert broker.wait_for(1)[0].body == report


def test_a_prefix_stands_before_the_event_type_in_subject_and_key(
    broker, rabbit_like, make_delivery, open_channel
) -> None:
    subscriptions = [one.bind("pulp", "pulp.server.repo.#") for one in (broker, rabbit_like)]
    for one in (broker, rabbit_like):
        open_channel(one.url, config={"subject_prefix": "pulp.server."}).send(make_delivery())
    for subscription in subscriptions:
        (message,) = subscription.messages
        assert message.subject == "pulp.server.repo.sync.start"
        assert message.properties["event_type"] == "repo.sync.start"


def test_a_time_to_live_goes_along_in_the_header(broker, make_delivery, open_channel) -> None:
    open_channel(broker.url, config={"ttl": "90s"}).send(make_delivery())
    open_channel(broker.url).send(make_delivery())
    with_ttl, without = broker.wait_for(2)
    assert with_ttl.message.ttl == 90.0 and not without.message.ttl


@pytest.mark.parametrize("kind", ["cloudevents", "cloudevents-binary"])
def test_a_cloudevent_is_read_by_the_sdk(kind, broker, make_delivery, open_channel) -> None:
    delivery = make_delivery()
    open_channel(broker.url, config={"format": kind}).send(delivery)
    (message,) = broker.wait_for(1)
    properties = {"content-type": message.content_type}
    event = from_amqp_event(AMQPMessage(properties, message.properties, message.body))
    assert (event.get_id(), event.get_type(), event.get_specversion()) == (delivery.event_id, "repo.sync.start", "1.0")
    assert (event.get_source(), event.get_subject(), event.get_time()) == ("test", "pulp2", delivery.event_time)
    assert event.get_data() == json.loads(delivery.report)
    assert message.id == delivery.id and message.subject == "repo.sync.start" and message.durable
    assert message.correlation_id == "79be77a8"
    assert message.message.inferred


def test_a_binary_cloudevent_is_the_report_and_its_time_has_amqps_type(broker, make_delivery, open_channel) -> None:
    delivery = make_delivery()
    open_channel(broker.url, config={"format": "cloudevents-binary"}).send(delivery)
    (message,) = broker.wait_for(1)
    assert message.body == delivery.report and message.content_type == "application/json"
    time = message.message.properties["cloudEvents_time"]
    assert isinstance(time, timestamp) and time == delivery.event_time.timestamp() * 1000


@given(
    payload=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
    source=st.text(max_size=9),
)
def test_any_event_becomes_a_cloudevent_that_reads_back(payload, source) -> None:
    delivery = replace(factory.make_delivery(payload=payload), source=source)
    for kind in ("cloudevents", "cloudevents-binary"):
        message = Message()
        message.decode(MessageMaker({"format": kind})(delivery))
        content = AMQPMessage({"content-type": message.content_type}, message.properties or {}, bytes(message.body))
        event = from_amqp_event(content)
        assert event.get_data() == json.loads(delivery.report)
        assert event.get_id() == delivery.event_id
        assert abs(event.get_time() - delivery.event_time) < timedelta(milliseconds=1), "AMQP's timestamps are so fine"


TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1,b=x y%"}


@pytest.mark.parametrize("kind", ["report", "cloudevents", "cloudevents-binary"])
def test_the_trace_leaves_in_application_properties_and_in_the_extension_of_cloudevents(kind, make_delivery) -> None:
    message = Message()
    message.decode(MessageMaker({"format": kind})(replace(make_delivery(), trace_context=TRACE)))
    assert {name: message.properties[name] for name in TRACE} == TRACE
    if kind == "cloudevents":
        assert TRACE.items() <= json.loads(bytes(message.body)).items()
    if kind == "cloudevents-binary":
        assert {name: message.properties[f"cloudEvents_{name}"] for name in TRACE} == TRACE
    message.decode(MessageMaker({"format": kind})(make_delivery()))
    assert not {name for name in message.properties if "trace" in name}
