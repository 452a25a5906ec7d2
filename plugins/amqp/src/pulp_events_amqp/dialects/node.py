"""Brokers to which an exchange is a node that links are attached to by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pulp_events import TransientFailure
from pulp_events_amqp.conditions import UNAUTHORISED
from pulp_events_amqp.dialects.base import (
    EXCHANGE_TYPE,
    Attachment,
    Dialect,
    absent,
    may_not_publish,
    wrong_type,
)
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attach_sender, detach
from pulp_events_amqp.procedures import Procedure


class Node(Dialect):
    """The routing key is the message's subject, and capabilities of the target ask for the exchange to be made.

    That is nothing but what AMQP 1.0 itself has: a broker that has not heard of the capabilities attaches to what is
    there.
    """

    capabilities: ClassVar[tuple[str, ...]] = ("create-on-demand", EXCHANGE_TYPE)
    """Of the target: that the node is made when it is absent, and of which kind."""

    properties: ClassVar[Mapping[str, object]] = {}
    """Of the target: what the node is to be like."""

    def address(self, exchange: str) -> str:
        """Of the target."""
        return exchange

    def attach(self, engine: Engine, exchange: str) -> Procedure[Attachment]:
        """See `Dialect.attach`."""
        address = self.address(exchange)
        try:
            return Attachment(
                (yield from attach_sender(engine, address, self.capabilities, properties=self.properties))
            )
        except LinkRefused as refused:
            if self.is_of_another_type(refused):
                raise wrong_type(exchange, None, str(refused)) from refused
            if not self.is_forbidden(refused):
                raise TransientFailure(
                    f"{engine.broker} ({self.broker}) refused exchange {exchange!r}: {refused}"
                ) from refused
            may_not_create = refused
        # Not permitted to make it: it may be there all the same.
        try:
            link = yield from attach_sender(engine, address, properties=self.properties)
            return Attachment(link, may_create=False)
        except LinkRefused as refused:
            if refused.name == "amqp:not-found":
                raise absent(self, exchange, may_not_create) from refused
            raise may_not_publish(self, exchange, refused) from refused

    def is_there(self, engine: Engine, exchange: str) -> Procedure[bool]:
        """Whether there is a node of that name, attached to without asking for it to be made.

        Raises TransientFailure as `look` does.
        """
        try:
            link = yield from attach_sender(engine, self.address(exchange), properties=self.properties)
        except LinkRefused as refused:
            if refused.name == "amqp:not-found":
                return False
            if self.is_of_another_type(refused):
                raise wrong_type(exchange, None, str(refused)) from refused
            if self.is_forbidden(refused):
                raise may_not_publish(self, exchange, refused) from refused
            raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused
        engine.spawn(lambda: detach(engine, link))
        return True

    def is_forbidden(self, refused: LinkRefused) -> bool:
        """True if a permission is missing."""
        return refused.name in UNAUTHORISED

    def is_of_another_type(self, refused: LinkRefused) -> bool:
        """True if the exchange is there and is no topic exchange."""
        return False
