"""Apache ActiveMQ Artemis."""

from __future__ import annotations

from typing import ClassVar

from pulp_events import TransientFailure
from pulp_events_amqp.dialects.base import EXCHANGE_TYPE, Attachment, absent, may_not_publish, wrong_type
from pulp_events_amqp.dialects.node import Node
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attach_sender, detach
from pulp_events_amqp.outgoing import Settled
from pulp_events_amqp.procedures import Procedure


class Artemis(Node):
    """The exchange is an address, and the capability `topic` asks for its routing type multicast.

    With `auto-create-addresses` (the default) attaching makes an address that is absent, and adds multicast to one
    that has only anycast. Without it both are `amqp:not-found`. There is no routing key: every queue of the address
    gets every message, and consumers choose with a selector over the subject, which JMS calls `JMSType`. A message that
    no queue is there for is ACCEPTED. The permission to make an address is missed with `amqp:internal-error`, and only
    the words tell, which are of Artemis' message bundle: `… does not have permission='CREATE_ADDRESS' on address …`.
    """

    products = ("apache-activemq-artemis",)
    capabilities: ClassVar[tuple[str, ...]] = (EXCHANGE_TYPE,)
    publish = "send"
    create = "createAddress"

    def attach(self, engine: Engine, exchange: str) -> Procedure[Attachment]:
        """See `Dialect.attach`."""
        try:
            return Attachment((yield from attach_sender(engine, exchange, self.capabilities)))
        except LinkRefused as refused:
            if "'CREATE_ADDRESS'" in refused.description:
                raise absent(self, exchange, refused) from refused
            if self.is_forbidden(refused):
                raise may_not_publish(self, exchange, refused) from refused
            if refused.name != "amqp:not-found":
                raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused
            not_found = refused
        # Without the capability an address is attached to whatever it is; as nothing is made, nothing is harmed.
        try:
            link = yield from attach_sender(engine, exchange)
        except LinkRefused:
            raise TransientFailure(
                f"exchange {exchange!r} does not exist and {engine.broker} does not create addresses automatically "
                f"({not_found}); create it as a multicast address, or enable auto-create-addresses for it"
            ) from not_found
        engine.spawn(lambda: detach(engine, link))
        raise wrong_type(exchange, "anycast", "a topic is a multicast address in Artemis")

    def is_gone(self, settled: Settled) -> bool:
        """The address was deleted, and is not made again without an attach."""
        return "address does not exist" in settled.condition or super().is_gone(settled)
