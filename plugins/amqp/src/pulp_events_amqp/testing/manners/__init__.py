"""How the brokers differ, as far as publishers and subscribers see, a file each."""

from __future__ import annotations

from pulp_events_amqp.testing.manners.activemq import ActiveMQManner
from pulp_events_amqp.testing.manners.artemis import ArtemisManner
from pulp_events_amqp.testing.manners.base import Manner
from pulp_events_amqp.testing.manners.broker_j import BrokerJManner
from pulp_events_amqp.testing.manners.echo import EchoManner
from pulp_events_amqp.testing.manners.qpid import QpidManner
from pulp_events_amqp.testing.manners.rabbitmq import RabbitMQManner

MANNERS: tuple[type[Manner], ...] = (QpidManner, RabbitMQManner, ActiveMQManner, ArtemisManner, BrokerJManner)


def manner_of(product: str) -> Manner:
    """That of the broker which calls itself `product`; of one that we do not know, one that takes anything."""
    kind = next((kind for kind in MANNERS if kind.product == product), EchoManner)
    manner = kind()
    manner.product = product
    return manner
