"""What brokers do differently, a file each. A new broker is a new file and a line in `DIALECTS`."""

from __future__ import annotations

from pulp_events_amqp.broker import Broker
from pulp_events_amqp.dialects.activemq import ActiveMQ
from pulp_events_amqp.dialects.artemis import Artemis
from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.dialects.broker_j import BrokerJ
from pulp_events_amqp.dialects.qpid import Qpid
from pulp_events_amqp.dialects.rabbitmq import RabbitMQ
from pulp_events_amqp.dialects.unknown import Unknown

DIALECTS: tuple[type[Dialect], ...] = (Qpid, RabbitMQ, ActiveMQ, Artemis, BrokerJ)


def dialect_for(broker: Broker) -> Dialect:
    """How to talk to `broker`."""
    return next((dialect for dialect in DIALECTS if dialect.recognises(broker)), Unknown)(broker)
