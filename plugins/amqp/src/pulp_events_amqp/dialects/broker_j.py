"""Apache Qpid Broker-J."""

from __future__ import annotations

from pulp_events import TransientFailure
from pulp_events_amqp.broker import Broker
from pulp_events_amqp.dialects.amqp_management import Answer, request
from pulp_events_amqp.dialects.base import EXCHANGE_TYPE, Attachment, Seen, absent, may_not_publish, wrong_type
from pulp_events_amqp.dialects.node import Node
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import OUTCOMES, LinkRefused, attach_sender
from pulp_events_amqp.outgoing import Settled
from pulp_events_amqp.procedures import Procedure

_INSTANCE = "qpid.instance_name"
"""Property of the open frame that only this broker has; its `product` is the name of its Maven module."""

_DISCARD = ("DISCARD_UNROUTABLE",)
"""Target capability: a message that no queue is bound for is ACCEPTED, whatever the exchange is configured for."""


class BrokerJ(Node):
    """The exchange is a node, the routing key the subject. It is made over the management node `$management`.

    Where the client does not list REJECTED among the outcomes of its source, this broker settles what it rejects
    without an outcome; so we list them.
    """

    products = ("qpid", "Apache Qpid Broker-J Core", "Apache Qpid Broker Core", "Apache Qpid Common")
    publish = "PUBLISH EXCHANGE"
    create = "CREATE EXCHANGE"

    @classmethod
    def recognises(cls, broker: Broker) -> bool:
        """See `Dialect.recognises`."""
        return _INSTANCE in broker.properties or super().recognises(broker)

    def attach(self, engine: Engine, exchange: str) -> Procedure[Attachment]:
        """See `Dialect.attach`."""
        made = yield from self._create(engine, exchange)
        if made.status != 201:
            yield from self._type(engine, exchange)
        try:
            link = yield from attach_sender(engine, exchange, _DISCARD, OUTCOMES)
        except LinkRefused as refused:
            if refused.name == "amqp:not-found":
                if made.status in (403, 404):
                    raise absent(self, exchange, made) from refused
                raise TransientFailure(f"{engine.broker} did not create exchange {exchange!r}: {made}") from refused
            if self.is_forbidden(refused):
                raise may_not_publish(self, exchange, refused) from refused
            raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused
        return Attachment(link, may_create={201: True, 403: False}.get(made.status))

    def look(self, engine: Engine, exchange: str) -> Procedure[Seen]:
        """See `Dialect.look`. A link may also be attached to a queue of that name; what CREATE would then make."""
        known = yield from self._type(engine, exchange)
        if known:  # so CREATE makes nothing
            made = yield from self._create(engine, exchange)
            yield from self.is_there(engine, exchange)
            return Seen(True, verified=True, may_create={409: True, 403: False}.get(made.status))
        if known is None:
            known = yield from self.is_there(engine, exchange)
        return Seen(known)

    def nobody_subscribed(self, settled: Settled) -> bool:
        """See `Dialect.nobody_subscribed`: so old versions answer, which do not know the capability."""
        return settled.condition.startswith("amqp:not-found: Unknown destination")

    def _create(self, engine: Engine, exchange: str) -> Procedure[Answer]:
        """201 made, 409 it is there, 403 not permitted, 404 there is no management node."""
        try:
            return (
                yield from request(
                    engine,
                    {"operation": "CREATE", "type": "org.apache.qpid.TopicExchange", "name": exchange},
                    {"name": exchange, "object-path": _path(exchange), "durable": True},
                )
            )
        except LinkRefused as refused:
            if refused.name == "amqp:not-found" or self.is_forbidden(refused):
                return Answer(403 if self.is_forbidden(refused) else 404, str(refused), {})
            raise TransientFailure(f"{engine.broker} refused its management node: {refused}") from refused

    def _type(self, engine: Engine, exchange: str) -> Procedure[bool | None]:
        """True for a topic exchange, False for one that is absent, None if the broker does not tell.

        Raises TransientFailure if the exchange is of another type.
        """
        wanted = {
            "operation": "READ",
            "type": "org.apache.qpid.Exchange",
            "key": _path(exchange),
        }
        try:
            found = yield from request(engine, wanted, {})
        except LinkRefused:
            return None  # and may be what we need
        kind = found.body.get("qpid-type")
        if found.status == 200 and kind and str(kind) != EXCHANGE_TYPE:
            raise wrong_type(exchange, str(kind), f"read from {engine.broker}")
        return {200: True if kind else None, 404: False}.get(found.status)


def _path(exchange: str) -> str:
    """Of an exchange below its virtual host; `/` separates the parts of a path, and a backslash takes that from it."""
    return exchange.replace("\\", "\\\\").replace("/", "\\/")
