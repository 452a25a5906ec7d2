"""`Dialect`: the interface of a broker's peculiarities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from proton import Sender

from pulp_events import TransientFailure
from pulp_events_amqp.broker import Broker
from pulp_events_amqp.conditions import is_unauthorised
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused
from pulp_events_amqp.outgoing import Settled
from pulp_events_amqp.procedures import Procedure

EXCHANGE_TYPE = "topic"
"""The type of every exchange that we publish to: its consumers choose by patterns over the event type."""


BUILT_IN = "amq."
"""What the names of exchanges begin with that a broker has from the start and keeps (AMQP 0-9-1 §3.1.3.1)."""


@dataclass(frozen=True)
class Seen:
    """What a broker told of an exchange while nothing was made."""

    there: bool | None
    """None if it cannot be asked that without making it."""

    verified: bool = False
    """True if it is known to be a topic exchange."""

    may_publish: bool | None = None
    may_create: bool | None = None
    """Our permissions; None if the broker did not have to say."""


@dataclass(frozen=True)
class Attachment:
    """A link over which messages may be sent, and what was learnt on the way."""

    link: Sender
    may_create: bool | None = None
    """Whether we may make exchanges; None if the broker did not have to say."""


class Dialect:
    """How one kind of broker is talked to."""

    products: ClassVar[tuple[str, ...]] = ()
    """What brokers of this kind put in `product` of their open frame's properties."""

    publish: ClassVar[str] = "publish"
    """The broker's own word for the permission to publish."""

    create: ClassVar[str] = "create"
    """The broker's own word for the permission to make an exchange."""

    def __init__(self, broker: Broker | None = None) -> None:
        self.broker = broker or Broker()

    @classmethod
    def recognises(cls, broker: Broker) -> bool:
        """True if this is how to talk to `broker`."""
        return broker.product in cls.products

    def to(self, exchange: str, subject: str) -> str | None:
        """The `to` property of a message (AMQP 1.0 §3.2.4); None where the link says where it goes."""
        return None

    def attach(self, engine: Engine, exchange: str) -> Procedure[Attachment]:
        """A link to `exchange`, which is made as a durable topic exchange when it is absent.

        Raises TransientFailure, also for an exchange of another type: an administrator or time can put it right.
        """
        raise NotImplementedError

    def look(self, engine: Engine, exchange: str) -> Procedure[Seen]:
        """What can be told of the exchange; never makes it, nor anything else.

        Raises TransientFailure if it is of another type, if we may not publish to it, or for another fault of the
        broker.
        """
        yield from ()
        return Seen(None)

    def unverified(self, exchange: str) -> str:
        """What is not known about where a message went that was accepted; empty if all is."""
        return ""

    def nobody_subscribed(self, settled: Settled) -> bool:
        """True for what the broker makes of a message that no queue wanted: then there is nothing left to be done."""
        return False

    def is_gone(self, settled: Settled) -> bool:
        """True if a message was rejected because the exchange has been deleted."""
        return settled.condition.startswith("amqp:not-found:")

    def explain_rejection(self, settled: Settled) -> str:
        """The broker's reason for rejecting a message."""
        return settled.condition or "no condition"

    def explain_blocked(self, broker: str) -> str:
        """That the broker takes nothing for now. `broker`: its address."""
        return (
            f"{broker} does not accept messages at the moment: it keeps the session window closed; check whether it "
            "has "
            "reached a memory or disk limit"
        )

    def explain_end(self, exchange: str, reason: str) -> str:
        """Why link or connection ended, with the permission that is missing if it is for that."""
        if is_unauthorised(reason):
            return f"{reason}; the permission {self.publish!r} on exchange {exchange!r} is missing, grant it"
        return reason


def wrong_type(exchange: str, found: str | None, said: str) -> TransientFailure:
    """The failure for an exchange of another type. `found`: its type, where the broker tells; `said`: its words."""
    what = f"is of type {found}" if found else "exists with another type"
    built_in = exchange.startswith(BUILT_IN)
    return TransientFailure(
        f"exchange {exchange!r} {what}, but events need one of type {EXCHANGE_TYPE} ({said}); name another exchange"
        + ("" if built_in else ", or delete this one at the broker, and it is created again")
    )


def may_not_publish(dialect: Dialect, exchange: str, refused: LinkRefused) -> TransientFailure:
    """The failure for the missing permission to publish."""
    return TransientFailure(
        f"the permission {dialect.publish!r} on exchange {exchange!r} is missing ({refused}); grant it at the broker",
        credentials=True,
    )


def absent(dialect: Dialect, exchange: str, refused: object) -> TransientFailure:
    """The failure for an exchange that is not there and that we may not make. `refused`: the broker's words."""
    return TransientFailure(
        f"exchange {exchange!r} does not exist, and the permission {dialect.create!r} to create it is missing "
        f"({refused}); "
        "grant it, or create the exchange as a durable topic exchange",
        credentials=True,
    )
