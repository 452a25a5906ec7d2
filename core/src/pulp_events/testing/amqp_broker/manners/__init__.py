"""How the brokers differ, as far as publishers and subscribers see, a file each."""

from __future__ import annotations

from pulp_events.testing.amqp_broker.manners.artemis import ArtemisManner
from pulp_events.testing.amqp_broker.manners.base import Manner
from pulp_events.testing.amqp_broker.manners.broker_j import BrokerJManner
from pulp_events.testing.amqp_broker.manners.qpid import QpidManner
from pulp_events.testing.amqp_broker.manners.rabbitmq import RabbitMQManner

MANNERS: tuple[type[Manner], ...] = (QpidManner, RabbitMQManner, ArtemisManner, BrokerJManner)


def manner_of(product: str) -> Manner:
    """That of the broker which calls itself `product`; of one that we do not know, Qpid C++'s."""
    kind = next((kind for kind in MANNERS if kind.product == product), QpidManner)
    manner = kind()
    manner.product = product
    return manner
