"""The exchange: made when absent, used when there, refused when it is of another type."""

from __future__ import annotations

import pytest

from pulp_events import PermanentFailure, TransientFailure
from pulp_events.errors import TimedOut
from pulp_events.testing.amqp_broker import AmqpBroker

BROKERS = pytest.mark.parametrize("product", ["qpid-cpp", "RabbitMQ", "something-else"])


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
        with pytest.raises(PermanentFailure, match=r"exchange 'pulp'.*topic") as caught:
            open_channel(broker.url)
        if product == "RabbitMQ":
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
            TransientFailure, match=r"'pulp' is absent and the permission '(create|configure).*' to make it is missing"
        ) as caught:
            open_channel(broker.url)
        assert not isinstance(caught.value, TimedOut)


@BROKERS
def test_without_permission_to_publish_the_failure_has_the_brokers_words(product, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.faults.may_publish = False
        with pytest.raises(TransientFailure, match="amqp:unauthorized-access") as caught:
            open_channel(broker.url).send(make_delivery())
        assert not isinstance(caught.value, TimedOut)


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
