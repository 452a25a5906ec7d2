"""A broker that we do not know."""

from __future__ import annotations

from pulp_events import TransientFailure
from pulp_events_amqp.dialects.base import (
    EXCHANGE_TYPE,
    UNAUTHORISED,
    Attachment,
    Dialect,
    absent,
    may_not_publish,
    wrong_type,
)
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attach_sender, detach
from pulp_events_amqp.procedures import Procedure


class Unknown(Dialect):
    """Nothing but what AMQP 1.0 itself has: the exchange is a node, and its name the target's address.

    The routing key is the message's subject. The target capability `create-on-demand` asks for the node to be made when
    it is absent, `topic` says of which kind; a broker that has not heard of them attaches to what is there.
    """

    capabilities: tuple[str, ...] = ("create-on-demand", EXCHANGE_TYPE)
    """Of the target."""

    def attach(self, engine: Engine, exchange: str) -> Procedure[Attachment]:
        """See `Dialect.attach`."""
        try:
            return Attachment((yield from attach_sender(engine, exchange, self.capabilities)))
        except LinkRefused as refused:
            if refused.name == "amqp:precondition-failed":
                raise wrong_type(exchange, None, str(refused)) from refused
            if not self.is_forbidden(refused):
                raise TransientFailure(
                    f"{engine.broker} ({self.broker}) refused exchange {exchange!r}: {refused}"
                ) from refused
            may_not_create = refused
        # Not permitted to make it: it may be there all the same.
        try:
            return Attachment((yield from attach_sender(engine, exchange)), may_create=False)
        except LinkRefused as refused:
            if refused.name == "amqp:not-found":
                raise absent(self, exchange, may_not_create) from refused
            raise may_not_publish(self, exchange, refused) from refused

    def exists(self, engine: Engine, exchange: str) -> Procedure[bool | None]:
        """See `Dialect.exists`."""
        try:
            link = yield from attach_sender(engine, exchange)
        except LinkRefused as refused:
            if refused.name == "amqp:not-found":
                return False
            if self.is_forbidden(refused):
                raise may_not_publish(self, exchange, refused) from refused
            raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused
        engine.spawn(lambda: detach(engine, link))
        return True

    def is_forbidden(self, refused: LinkRefused) -> bool:
        """True if a permission is missing."""
        return refused.name in UNAUTHORISED
