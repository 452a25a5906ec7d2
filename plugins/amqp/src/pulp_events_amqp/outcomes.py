"""From what the broker made of a message to delivered, transient or permanent."""

from __future__ import annotations

from proton import Delivery

from pulp_events.errors import DeliveryFailure, PermanentFailure, TransientFailure
from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.outgoing import Settled


class ExchangeGone(TransientFailure):
    """The exchange was deleted after the link was attached."""


def failure_of(settled: Settled, exchange: str, dialect: Dialect) -> DeliveryFailure | None:
    """None for a message that was delivered.

    AMQP 1.0 §3.4.2-5. ACCEPTED: delivered. RELEASED: not routed or not processed; the dialect knows which. REJECTED:
    the broker calls the message invalid, so no later attempt can succeed; unless it is the exchange that is gone, or
    the dialect knows that it can be mended. MODIFIED: not processed, may be sent again.
    """
    if settled.state == Delivery.ACCEPTED or dialect.nobody_subscribed(settled):
        return None
    if settled.state == Delivery.REJECTED:
        said = dialect.explain_rejection(settled)
        if dialect.is_gone(settled):
            return ExchangeGone(f"exchange {exchange!r} is gone: {said}; it is made anew for the next attempt")
        text = f"exchange {exchange!r} rejected the message: {said}"
        if dialect.is_mendable(settled):
            return TransientFailure(dialect.explain_end(exchange, text))
        return PermanentFailure(text)
    if settled.state == Delivery.RELEASED:
        return TransientFailure(f"exchange {exchange!r} released the message without processing it")
    if settled.state == Delivery.MODIFIED:
        return TransientFailure(f"exchange {exchange!r} did not process the message (outcome modified)")
    return TransientFailure(f"exchange {exchange!r} settled the message without an outcome")


def describe_success(settled: Settled) -> str:
    """What is noted with a message that was delivered."""
    return "accepted" if settled.state == Delivery.ACCEPTED else "nobody is subscribed"
