"""Apache Qpid C++, and every broker that we do not know."""

from __future__ import annotations

from proton import Sender

from pulp_events import TransientFailure
from pulp_events_amqp.dialects.base import EXCHANGE_TYPE, Dialect, wrong_type
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attach_sender
from pulp_events_amqp.procedures import Procedure


class Qpid(Dialect):
    """The target's address is the exchange's name; the routing key is the message's subject.

    The target capability `create-on-demand` makes the node when it is absent; `topic` says of which kind. A message
    that no queue is bound for is ACCEPTED.
    """

    products = ("qpid-cpp",)

    def attach(self, engine: Engine, exchange: str) -> Procedure[Sender]:
        """See `Dialect.attach`."""
        try:
            return (yield from attach_sender(engine, exchange, ("create-on-demand", EXCHANGE_TYPE)))
        except LinkRefused as refused:
            if refused.name == "amqp:precondition-failed":
                raise wrong_type(exchange, None, str(refused)) from refused
            if refused.name != "amqp:unauthorized-access":
                raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused
            may_not_create = refused
        # Not permitted to make it: it may be there all the same.
        try:
            return (yield from attach_sender(engine, exchange))
        except LinkRefused as refused:
            if refused.name == "amqp:not-found":
                raise TransientFailure(
                    f"exchange {exchange!r} is absent and the permission to create exchanges is missing "
                    f"({may_not_create}); grant it or create the exchange as a durable topic exchange"
                ) from refused
            raise TransientFailure(
                f"the permission to publish to exchange {exchange!r} is missing ({refused}); grant it at the broker"
            ) from refused
