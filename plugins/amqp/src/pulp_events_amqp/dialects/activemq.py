"""Apache ActiveMQ Classic."""

from __future__ import annotations

from typing import ClassVar

from pulp_events import TransientFailure
from pulp_events_amqp.dialects.base import Attachment, absent, may_not_publish
from pulp_events_amqp.dialects.node import Node
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attach_sender
from pulp_events_amqp.procedures import Procedure

_PREFIX = "topic-prefix"
"""Property of the open frame: what stands before the name of a topic. A name without a prefix is a queue's."""


class ActiveMQ(Node):
    """The exchange is a topic, which attaching makes when it is absent; a queue of that name is something else.

    There is no routing key: every subscriber of the topic gets every message, and chooses with a selector over the
    subject, which JMS calls `JMSType`. A message that nobody is subscribed for is ACCEPTED. Permissions are told apart
    by the words of its AuthorizationBroker: `User … is not authorized to create: topic://…` for `admin`, `… to write
    to: topic://…` for `write`.
    """

    products = ("ActiveMQ",)
    publish = "write"
    create = "admin"
    capabilities: ClassVar[tuple[str, ...]] = ()

    def address(self, exchange: str) -> str:
        """See `Node.address`."""
        return f"{self.broker.properties.get(_PREFIX) or 'topic://'}{exchange}"

    def attach(self, engine: Engine, exchange: str) -> Procedure[Attachment]:
        """See `Dialect.attach`."""
        try:
            return Attachment((yield from attach_sender(engine, self.address(exchange))))
        except LinkRefused as refused:
            if self.is_forbidden(refused) and "authorized to create" in refused.description:
                raise absent(self, exchange, refused) from refused
            if self.is_forbidden(refused):
                raise may_not_publish(self, exchange, refused) from refused
            raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused
