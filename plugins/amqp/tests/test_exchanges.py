"""The exchange: made when absent, used when there, refused when it is of another type."""

from __future__ import annotations

import pytest

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import TimedOut
from pulp_events.testing.amqp_broker import AmqpBroker
from pulp_events.testing.amqp_broker.nodes import Refusal

ARTEMIS, BROKER_J = "apache-activemq-artemis", "Apache Qpid Broker-J Core"
BROKERS = pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", ARTEMIS, BROKER_J, "something-else"])
CREATE = {
    "qpid-cpp": "create exchange",
    "RabbitMQ": "configure",
    ARTEMIS: "createAddress",
    BROKER_J: "CREATE EXCHANGE",
    "something-else": "create",
}
PUBLISH = {
    "qpid-cpp": "publish exchange",
    "RabbitMQ": "write",
    ARTEMIS: "send",
    BROKER_J: "PUBLISH EXCHANGE",
    "something-else": "publish",
}
"""The brokers' own words for the permissions."""


@BROKERS
@pytest.mark.parametrize("exchange", ["pulp", "a b/ü%", "amq.topic"])
def test_an_exchange_is_made_when_absent_and_used_when_there(product, exchange, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        for _ in range(2):
            open_channel(broker.url, exchange).send(make_delivery())
        assert broker.exchanges[exchange] == "topic"
        assert [message.exchange for message in broker.wait_for(2)] == [exchange, exchange]


@BROKERS
def test_an_exchange_of_another_type_is_permanent_and_named(product, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.exchanges["pulp"] = "direct"
        broker.faults.auto_create = False
        with pytest.raises(PermanentFailure, match=r"exchange 'pulp'.*topic") as caught:
            open_channel(broker.url)
        if product in ("RabbitMQ", BROKER_J):
            assert "is of type direct" in str(caught.value)


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
            TransientFailure, match=f"'pulp' is absent and the permission '{CREATE[product]}' to make it is"
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
        with pytest.raises(TransientFailure, match=r"'pulp' is absent.*makes no addresses.*auto-create-addresses"):
            open_channel(broker.url)
        broker.exchanges["pulp"] = "anycast"
        with pytest.raises(PermanentFailure, match=r"is of type anycast.*topic"):
            open_channel(broker.url)
        broker.exchanges["pulp"] = "topic"
        open_channel(broker.url).send(make_delivery())


def test_a_broker_j_without_management_is_used_if_the_exchange_is_there(make_delivery, open_channel) -> None:
    with AmqpBroker(BROKER_J) as broker:
        broker.faults.has_management = False
        with pytest.raises(TransientFailure, match=r"'pulp' is absent.*\$management"):
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


def test_an_exchange_that_was_deleted_meanwhile_is_made_anew(rabbit_like, make_delivery, open_channel) -> None:
    channel = open_channel(rabbit_like.url)
    del rabbit_like.exchanges["pulp"]
    with pytest.raises(TransientFailure, match="'pulp' is gone: amqp:not-found"):
        channel.send(make_delivery())
    assert channel.broken
    open_channel(rabbit_like.url).send(make_delivery())
    assert [message.exchange for message in rabbit_like.messages] == ["pulp"]
