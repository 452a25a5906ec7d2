"""`Dialect`: the interface of a broker's peculiarities."""

from __future__ import annotations

from typing import ClassVar

from proton import Sender

from pulp_events import PermanentFailure
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.procedures import Procedure

EXCHANGE_TYPE = "topic"
"""The type of every exchange that we publish to: its consumers choose by patterns over the event type."""


class Dialect:
    """How one kind of broker is talked to."""

    products: ClassVar[tuple[str, ...]] = ()
    """What brokers of this kind put in `product` of their open frame's properties."""

    released_is_delivered: ClassVar[bool] = False
    """True where RELEASED says that nobody has subscribed to the message: then there is nothing left to be done."""

    def to(self, exchange: str, event_type: str) -> str | None:
        """The `to` property of a message (AMQP 1.0 §3.2.4); None where the link says where it goes."""
        return None

    def attach(self, engine: Engine, exchange: str) -> Procedure[Sender]:
        """A link to `exchange`, which is made as a durable topic exchange when it is absent.

        Raises PermanentFailure for an exchange of another type, TransientFailure for anything that an administrator
        or time can mend.
        """
        raise NotImplementedError


def wrong_type(exchange: str, found: str | None, said: str) -> PermanentFailure:
    """The failure for an exchange of another type. `found`: its type, where the broker tells; `said`: its words."""
    what = f"is of type {found}" if found else "exists with another type"
    return PermanentFailure(
        f"exchange {exchange!r} {what}, but events need one of type {EXCHANGE_TYPE} ({said}); name another exchange, "
        "or delete this one at the broker and it is made anew"
    )
