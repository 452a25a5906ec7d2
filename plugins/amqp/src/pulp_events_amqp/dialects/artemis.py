"""Apache ActiveMQ Artemis."""

from __future__ import annotations

from pulp_events_amqp.dialects.base import EXCHANGE_TYPE, Attachment, absent, may_not_publish
from pulp_events_amqp.dialects.unknown import Unknown
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused
from pulp_events_amqp.outgoing import Settled
from pulp_events_amqp.procedures import Procedure


class Artemis(Unknown):
    """The exchange is a multicast address; it is made on attach where `auto-create-addresses` is on (the default).

    The capability `topic` asks for multicast. There is no routing key: every queue of the address gets every message,
    and consumers choose with a selector over the subject, which JMS calls `JMSType`. A message that no queue is there
    for is ACCEPTED. Its faults come as `amqp:internal-error`, `amqp:illegal-state` or `failed`, and tell by their words
    (of Artemis' own message bundle) what they are: `permission='CREATE_ADDRESS'`, `Address is full`, ….
    """

    products = ("apache-activemq-artemis",)
    capabilities = (EXCHANGE_TYPE,)
    publish = "send"
    create = "createAddress"

    def attach_to_what_is_there(
        self, engine: Engine, exchange: str, may_not_create: LinkRefused
    ) -> Procedure[Attachment]:
        """The first attach would have been enough for what is there, so its refusal says which permission it is."""
        yield from ()
        if "'SEND'" in may_not_create.description:
            raise may_not_publish(self, exchange, may_not_create)
        raise absent(self, exchange, may_not_create)

    def exists(self, engine: Engine, exchange: str) -> Procedure[bool | None]:
        """Cannot be asked: attaching would make the address."""
        yield from ()
        return None

    def is_other_type(self, refused: LinkRefused) -> bool:
        """Anycast only."""
        text = refused.description.lower()
        return "routing type" in text or "routing-type" in text or super().is_other_type(refused)

    def is_forbidden(self, refused: LinkRefused) -> bool:
        """See `Unknown.is_forbidden`. Without the permission the address is not made, whatever the condition."""
        return "permission=" in refused.description or super().is_forbidden(refused)

    def is_gone(self, settled: Settled) -> bool:
        """The address was deleted, and is not made again without an attach."""
        return "address does not exist" in settled.condition or super().is_gone(settled)
