"""The path of the URL: a virtual host, by whatever name the broker wants it."""

from __future__ import annotations

import pytest

from pulp_events import TransientFailure
from pulp_events_amqp.notifier import AmqpNotifier
from pulp_events_amqp.settings import MessagingSettings
from pulp_events_amqp.testing import AmqpBroker

BROKERS = pytest.mark.parametrize(
    "product",
    ["qpid-cpp", "RabbitMQ", "ActiveMQ", "apache-activemq-artemis", "Apache Qpid Broker-J Core", "mystery-mq"],
)


@BROKERS
@pytest.mark.parametrize("name", ["default", "my%20own"])
def test_it_is_found(product, name, make_delivery, open_channel) -> None:
    with AmqpBroker(product) as broker:
        broker.nodes.virtual_hosts.add("my own")
        open_channel(f"{broker.url}/{name}").send(make_delivery())
        wanted = name.replace("%20", " ")
        assert broker.hostnames[-1] == (f"vhost:{wanted}" if product == "RabbitMQ" else wanted)


def test_without_one_it_is_the_host(broker, open_channel) -> None:
    open_channel(broker.url)
    assert broker.hostnames == ["127.0.0.1"]


@pytest.mark.parametrize("product", ["RabbitMQ", "Apache Qpid Broker-J Core"])
def test_one_that_is_not_there_is_named(product, open_channel) -> None:
    """And RabbitMQ, which takes a bare name for its default virtual host, publishes nothing there."""
    with AmqpBroker(product) as broker:
        with pytest.raises(TransientFailure, match=r"amqp:not-found: .*nowhere.* path of \[messaging\] url"):
            open_channel(f"{broker.url}/nowhere")
        assert "pulp" not in broker.exchanges


def test_rabbitmqs_default_has_the_name_of_a_slash(rabbit_like, make_delivery, open_channel) -> None:
    open_channel(f"{rabbit_like.url}/%2F").send(make_delivery())
    assert rabbit_like.hostnames == ["vhost:/"]


def test_the_probe_finds_it_too() -> None:
    with AmqpBroker("Apache Qpid Broker-J Core") as broker:
        first, _ = AmqpNotifier().probe(MessagingSettings().load({"url": f"{broker.url}/default"}))
        assert "Broker-J" in first
