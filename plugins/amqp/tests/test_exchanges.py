"""The exchange: made when absent, used when there, refused when it is of another type."""

from __future__ import annotations

import re
import time

import pytest

from pulp_events import TransientFailure
from pulp_events.errors import TimedOut
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.settings import MessagingSettings
from pulp_events_amqp.testing import AmqpBroker
from pulp_events_amqp.testing.nodes import Refusal

ACTIVEMQ, ARTEMIS, BROKER_J = "ActiveMQ", "apache-activemq-artemis", "Apache Qpid Broker-J Core"
KNOWN = ["qpid-cpp", "RabbitMQ", ACTIVEMQ, ARTEMIS, BROKER_J]
BROKERS = pytest.mark.parametrize("product", [*KNOWN, "something-else"])
KNOWN_BROKERS = pytest.mark.parametrize("product", KNOWN)
CREATE = {
    "qpid-cpp": "create exchange",
    "RabbitMQ": "configure",
    ACTIVEMQ: "admin",
    ARTEMIS: "createAddress",
    BROKER_J: "CREATE EXCHANGE",
    "something-else": "create",
}
PUBLISH = {
    "qpid-cpp": "publish exchange",
    "RabbitMQ": "write",
    ACTIVEMQ: "write",
    ARTEMIS: "send",
    BROKER_J: "PUBLISH EXCHANGE",
    "something-else": "publish",
}
"""The brokers' own words for the permissions."""


@KNOWN_BROKERS
@pytest.mark.parametrize("exchange", ["pulp", "a b/ü%", "amq.topic"])
def test_an_exchange_is_made_when_absent_and_used_when_there(product, exchange, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        for _ in range(2):
            open_channel(broker.url, exchange).send(make_delivery())
        assert broker.exchanges[exchange] == "topic"
        assert [message.exchange for message in broker.wait_for(2)] == [exchange, exchange]


@pytest.mark.parametrize("exchange", ["pulp", "amq.direct", "amq.fanout", "amq.match"])
@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", ARTEMIS, BROKER_J])
def test_an_exchange_of_another_type_is_refused_with_the_wanted_type(product, exchange, open_channel) -> None:
    """An administrator can put it right, so it is no reason to give an event up."""
    with AmqpBroker(product) as broker:
        broker.exchanges.setdefault(exchange, "direct")
        broker.faults.auto_create = False
        with pytest.raises(TransientFailure, match=rf"exchange '{exchange}'.*events need one of type topic") as caught:
            open_channel(broker.url, exchange)
        if product in ("RabbitMQ", BROKER_J):
            assert f"is of type {broker.exchanges[exchange]}" in str(caught.value)
        if product == "qpid-cpp":
            assert "amqp:precondition-failed: Exchange of different type already exists" in str(caught.value)


@KNOWN_BROKERS
def test_what_is_made_survives_a_restart_of_the_broker_with_its_bindings(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        channel = open_channel(broker.url)
        subscription = broker.bind("pulp", "#")
        channel.send(make_delivery(1))
        broker.stop()
        broker.start()
        wait_until(lambda: channel._engine.lost is not None)
        channel.send(make_delivery(2))
        assert [message.id for message in subscription.messages] == ["5081a42c1.1", "5081a42c2.1"]


@BROKERS
def test_without_permission_to_make_it_an_exchange_is_used_if_it_is_there(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.may_create = False
        broker.exchanges["pulp"] = "topic"
        open_channel(broker.url).send(make_delivery())
        assert len(broker.wait_for(1)) == 1


@BROKERS
def test_without_permission_to_make_it_an_absent_exchange_is_a_failure_that_names_the_permission(
    product, open_channel
) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.may_create = False
        with pytest.raises(
            TransientFailure, match=f"'pulp' does not exist, and the permission '{CREATE[product]}' to create it is"
        ) as caught:
            open_channel(broker.url)
        assert not isinstance(caught.value, TimedOut)


@BROKERS
def test_without_permission_to_publish_the_failure_names_it(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.exchanges["pulp"] = "topic"
        broker.faults.may_publish = False
        with pytest.raises(
            TransientFailure, match=f"permission '{PUBLISH[product]}' on exchange 'pulp' is missing"
        ) as caught:
            open_channel(broker.url).send(make_delivery())
        assert not isinstance(caught.value, TimedOut)
        assert broker.connections == 1, "what one channel may not do is no reason to end the connection"


def test_artemis_adds_multicast_to_an_anycast_address(make_delivery, open_channel) -> None:
    with AmqpBroker(ARTEMIS) as broker:
        broker.exchanges["pulp"] = "anycast"
        open_channel(broker.url).send(make_delivery())
        assert broker.exchanges["pulp"] == "topic"


def test_an_artemis_that_makes_no_addresses_is_told_from_one_that_may_not(make_delivery, open_channel) -> None:
    with AmqpBroker(ARTEMIS) as broker:
        broker.faults.auto_create = False
        with pytest.raises(
            TransientFailure, match=r"'pulp' does not exist.*does not create addresses.*auto-create-addresses"
        ):
            open_channel(broker.url)
        broker.exchanges["pulp"] = "anycast"
        with pytest.raises(TransientFailure, match=r"is of type anycast.*topic"):
            open_channel(broker.url)
        broker.exchanges["pulp"] = "topic"
        open_channel(broker.url).send(make_delivery())


def test_a_broker_j_without_management_is_used_if_the_exchange_is_there(make_delivery, open_channel) -> None:
    with AmqpBroker(BROKER_J) as broker:
        broker.faults.has_management = False
        with pytest.raises(TransientFailure, match=r"'pulp' does not exist.*\$management"):
            open_channel(broker.url)
        broker.exchanges["pulp"] = "topic"
        open_channel(broker.url).send(make_delivery())
        assert broker.wait_for(1)[0].exchange == "pulp"


def test_a_broker_that_is_not_known_is_named_in_its_refusal(open_channel, monkeypatch) -> None:
    with AmqpBroker("mystery-mq") as broker:
        monkeypatch.setattr(broker.manner, "attach", _not_implemented)
        with pytest.raises(
            TransientFailure, match=r"mystery-mq.*refused exchange 'pulp': amqp:not-implemented: no nodes"
        ):
            open_channel(broker.url)


def _not_implemented(*_: object) -> str:
    raise Refusal("amqp:not-implemented", "no nodes here")


def test_an_old_rabbitmq_is_named_as_the_reason(rabbit_like, open_channel) -> None:
    rabbit_like.manner.offered = ("ANONYMOUS-RELAY",)
    rabbit_like.manner.version = "3.13.7"
    with pytest.raises(TransientFailure, match=r"RabbitMQ 3\.13\.7; version 4"):
        open_channel(rabbit_like.url)


def test_activemq_has_the_topic_and_no_queue_of_that_name(make_delivery, open_channel) -> None:
    with AmqpBroker(ACTIVEMQ) as broker:
        subscription = broker.bind("pulp", "#")
        open_channel(broker.url).send(make_delivery())
        assert len(subscription.messages) == 1 and broker.queues == {}


def test_of_a_broker_that_is_not_known_a_success_says_what_was_not_verified(make_delivery, open_channel) -> None:
    """It takes the name for a queue's, and echoes the capabilities that ask for a topic."""
    with AmqpBroker("mystery-mq") as broker:
        channel = open_channel(broker.url)
        channel.send(make_delivery())
        assert list(broker.queues) == ["pulp"]
        assert re.match(
            r"accepted; not verified that 'pulp' is a topic exchange: mystery-mq 1\.0 is no", channel.detail
        )


@pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ"])
def test_an_exchange_that_was_deleted_while_events_flow_is_made_again(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        channel = open_channel(broker.url)
        channel.send(make_delivery(1))
        del broker.exchanges["pulp"]
        with pytest.raises(TransientFailure, match="amqp:not-found|resource-deleted"):
            channel.send(make_delivery(2))
        assert channel.broken
        open_channel(broker.url).send(make_delivery(2))
        assert broker.exchanges["pulp"] == "topic"


def test_an_exchange_that_was_deleted_meanwhile_is_made_again(rabbit_like, make_delivery, open_channel) -> None:
    channel = open_channel(rabbit_like.url)
    del rabbit_like.exchanges["pulp"]
    with pytest.raises(TransientFailure, match="'pulp' is gone: amqp:not-found"):
        channel.send(make_delivery())
    assert channel.broken
    open_channel(rabbit_like.url).send(make_delivery())
    assert [message.exchange for message in rabbit_like.messages] == ["pulp"]


def wait_until(condition, timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "did not come about in time"
        time.sleep(0.01)


@pytest.mark.parametrize("product", ["RabbitMQ", "qpid-cpp", "Apache Qpid Broker-J Core"])
def test_an_exchange_of_the_brokers_own_is_not_to_be_deleted(product, open_channel) -> None:
    with AmqpBroker(product) as broker, pytest.raises(TransientFailure, match="type topic .*; name another") as caught:
        open_channel(broker.url, "amq.match")
    assert "delete" not in str(caught.value)


def test_what_rabbitmq_makes_for_nobody_is_told_from_a_missing_permission(rabbit_like, open_channel) -> None:
    with pytest.raises(TransientFailure, match=r"creates none whose name begins with amq\. .*; name another") as caught:
        open_channel(rabbit_like.url, "amq.other")
    assert "permission" not in str(caught.value) and not caught.value.credentials


@pytest.mark.parametrize("exchange", ["a>", "a.*", "a,b", "a?b"])
def test_signs_of_activemq_are_refused_in_the_name_of_a_topic(exchange, open_channel) -> None:
    with AmqpBroker("ActiveMQ") as broker:
        with pytest.raises(TransientFailure, match=r"cannot be a topic of .*ActiveMQ: '.' .*; name another exchange"):
            open_channel(broker.url, exchange)
        settings = MessagingSettings().load({"url": broker.url, "topic_exchange": exchange})
        with pytest.raises(TransientFailure, match="cannot be a topic"):
            list(AmqpNotifier().probe(settings))
        assert not broker.exchanges and not broker.queues


@pytest.mark.parametrize("exchange", ["a.b", "a b", "a#b"])
def test_other_names_are_topics_of_activemq(exchange, make_delivery, open_channel) -> None:
    with AmqpBroker("ActiveMQ") as broker:
        open_channel(broker.url, exchange).send(make_delivery())
        assert list(broker.exchanges) == [exchange]
