"""Apache ActiveMQ Classic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pulp_events import TransientFailure
from pulp_events_amqp.dialects.base import Attachment, Seen, absent, may_not_publish
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
    signs: ClassVar[Mapping[str, str]] = {
        ">": "is a wildcard",
        "*": "is a wildcard",
        ",": "separates several topics",
        "?": "begins options",
    }
    """What means something of its own in the name of a topic: what is sent there would reach others, or nobody."""

    def address(self, exchange: str) -> str:
        """See `Node.address`."""
        return f"{self.broker.properties.get(_PREFIX) or 'topic://'}{exchange}"

    def attach(self, engine: Engine, exchange: str) -> Procedure[Attachment]:
        """See `Dialect.attach`."""
        self._check_name(engine, exchange)
        try:
            return Attachment((yield from attach_sender(engine, self.address(exchange))))
        except LinkRefused as refused:
            if self.is_forbidden(refused) and "authorized to create" in refused.description:
                raise absent(self, exchange, refused) from refused
            if self.is_forbidden(refused):
                raise may_not_publish(self, exchange, refused) from refused
            raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused

    def look(self, engine: Engine, exchange: str) -> Procedure[Seen]:
        """See `Dialect.look`. Attaching would make the topic."""
        self._check_name(engine, exchange)
        return (yield from super().look(engine, exchange))

    def _check_name(self, engine: Engine, exchange: str) -> None:
        for sign, meaning in self.signs.items():
            if sign in exchange:
                raise TransientFailure(
                    f"exchange {exchange!r} cannot be a topic of {engine.broker}, which is ActiveMQ: {sign!r} "
                    f"{meaning} in the name of a topic; name another exchange (--exchange, or [messaging] "
                    "topic_exchange)"
                )
