"""A small AMQP 1.0 broker inside this process, for tests and demonstrations.

    with AmqpBroker() as broker:
        ...                                     # publish to broker.url
        [message] = broker.wait_for(1, timeout=5)
        print(message.subject, message.body)

It speaks real AMQP over real sockets and behaves, as far as publishers and topic subscribers see, like Apache Qpid C++,
RabbitMQ 4, ActiveMQ Classic, ActiveMQ Artemis or Qpid Broker-J (`product`), or like a broker that nobody has heard of;
`faults` makes it misbehave. The fixture `pulp_events_amqp_broker` is one of them.
"""

from __future__ import annotations

from pulp_events_amqp.testing.broker import AmqpBroker
from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.messages import ReceivedMessage

__all__ = ["AmqpBroker", "Faults", "ReceivedMessage"]
