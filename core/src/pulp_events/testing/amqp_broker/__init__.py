"""A small AMQP 1.0 broker inside this process, for tests and demonstrations.

    with AmqpBroker() as broker:
        ...                                     # publish to broker.url
        [message] = broker.wait_for(1, timeout=5)
        print(message.subject, message.body)

It speaks real AMQP over real sockets and behaves, as far as publishers and topic subscribers see, like Apache Qpid C++,
RabbitMQ 4, ActiveMQ Classic, ActiveMQ Artemis or Qpid Broker-J (`product`), or like a broker that nobody has heard of;
`faults` makes it misbehave. Needs the extra
`pulp-events[test-amqp]`; nothing else in `pulp_events` imports proton.
"""

from __future__ import annotations

from pulp_events.testing.amqp_broker.broker import AmqpBroker
from pulp_events.testing.amqp_broker.faults import Faults
from pulp_events.testing.amqp_broker.messages import ReceivedMessage

__all__ = ["AmqpBroker", "Faults", "ReceivedMessage"]
