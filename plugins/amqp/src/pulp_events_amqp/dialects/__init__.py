"""What brokers do differently, a file each. A new broker is a new file and a line in `DIALECTS`."""

from __future__ import annotations

from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.dialects.qpid import Qpid
from pulp_events_amqp.dialects.rabbitmq import RabbitMQ

DIALECTS: tuple[type[Dialect], ...] = (Qpid, RabbitMQ)


def dialect_for(product: str) -> Dialect:
    """The dialect of the broker that calls itself `product`; an unknown one is treated as Qpid is."""
    return next((dialect for dialect in DIALECTS if product in dialect.products), Qpid)()
