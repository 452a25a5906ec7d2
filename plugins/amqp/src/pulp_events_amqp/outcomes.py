"""From what the broker made of a message to delivered, transient or permanent."""

from __future__ import annotations

from proton import Delivery

from pulp_events.errors import DeliveryFailure, PermanentFailure, TransientFailure
from pulp_events_amqp.outgoing import Settled


class ExchangeGone(TransientFailure):
    """The exchange was deleted after the link was attached."""


def failure_of(settled: Settled, exchange: str, released_is_delivered: bool) -> DeliveryFailure | None:
    """None for a message that was delivered.

    AMQP 1.0 §3.4.2-5. ACCEPTED: delivered. RELEASED: not routed or not processed; the dialect knows which. REJECTED:
    the broker calls the message invalid, so no later attempt can succeed; unless it is the exchange that is gone.
    MODIFIED: not processed, may be sent again.
    """
    if settled.state == Delivery.ACCEPTED or (settled.state == Delivery.RELEASED and released_is_delivered):
        return None
    if settled.state == Delivery.REJECTED and settled.condition.startswith("amqp:not-found:"):
        return ExchangeGone(f"exchange {exchange!r} is gone: {settled.condition}; it is made anew for the next attempt")
    if settled.state == Delivery.REJECTED:
        return PermanentFailure(f"exchange {exchange!r} rejected the message: {settled.condition or 'no condition'}")
    if settled.state == Delivery.RELEASED:
        return TransientFailure(f"exchange {exchange!r} released the message without processing it")
    if settled.state == Delivery.MODIFIED:
        return TransientFailure(f"exchange {exchange!r} did not process the message (outcome modified)")
    return TransientFailure(f"exchange {exchange!r} settled the message without an outcome")


def describe_success(settled: Settled) -> str:
    """What is noted with a message that was delivered."""
    return "accepted" if settled.state == Delivery.ACCEPTED else "released: nobody is subscribed"
