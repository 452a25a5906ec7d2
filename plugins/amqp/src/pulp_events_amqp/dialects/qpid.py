"""Apache Qpid C++ (qpidd)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pulp_events_amqp.dialects.base import EXCHANGE_TYPE, Seen
from pulp_events_amqp.dialects.node import Node
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused
from pulp_events_amqp.outgoing import Settled
from pulp_events_amqp.procedures import Procedure


class Qpid(Node):
    """Understands the capabilities `create-on-demand` and `topic`, and *properties* of the target.

    Without the property `durable` it makes an exchange that is gone after a restart, with all its bindings; without
    `exchange-type` it attaches to an exchange of whatever type. It compares only the latter with one that is there.

    A message that no queue is bound for is ACCEPTED. Its ACL calls the permissions by these words.
    """

    products = ("qpid-cpp",)
    publish = "publish exchange"
    create = "create exchange"
    properties: ClassVar[Mapping[str, object]] = {"exchange-type": EXCHANGE_TYPE, "durable": True}

    def look(self, engine: Engine, exchange: str) -> Procedure[Seen]:
        """See `Dialect.look`. Nothing is asked to be made: where only a queue has that name, an exchange would be."""
        return Seen((yield from self.is_there(engine, exchange)))

    def is_of_another_type(self, refused: LinkRefused) -> bool:
        """See `Node.is_of_another_type`; the condition is also that of an exchange which has just been deleted."""
        return refused.name == "amqp:precondition-failed" and "different type" in refused.description

    def is_gone(self, settled: Settled) -> bool:
        """See `Dialect.is_gone`."""
        return "resource-deleted:" in settled.condition or super().is_gone(settled)
