"""From what the broker made of a message to delivered, transient or permanent."""

from __future__ import annotations

from proton import Delivery

from pulp_events.errors import DeliveryFailure, PermanentFailure, TimedOut, TransientFailure
from pulp_events_amqp.conditions import is_unauthorised
from pulp_events_amqp.dialects.base import Dialect
from pulp_events_amqp.durations import seconds
from pulp_events_amqp.outgoing import Settled, Why

NEVER = ("amqp:decode-error", "amqp:invalid-field")
"""Conditions of a rejection that say that the message itself can never be taken (AMQP 1.0 §2.8.15): the same bytes will
not be understood later. Whatever else a broker says, known to us or not, somebody or time may put right."""

SOON = 1.0
"""Seconds until a broker that has blocked its publishers is tried again."""


class ExchangeGone(TransientFailure):
    """The exchange was deleted after the link was attached."""


class Blocked(TransientFailure):
    """The broker takes nothing from anybody for now; that costs no step of the schedule."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=SOON)


def failure_of(settled: Settled, exchange: str, dialect: Dialect) -> DeliveryFailure | None:
    """None for a message that was delivered.

    AMQP 1.0 §3.4.2-5. ACCEPTED: delivered. RELEASED: not routed or not processed; the dialect knows which. REJECTED:
    permanent if the condition is one of `NEVER`, else transient. MODIFIED: not processed, may be sent again.
    """
    if settled.state == Delivery.ACCEPTED or dialect.nobody_subscribed(settled):
        return None
    if settled.state == Delivery.REJECTED:
        said = dialect.explain_rejection(settled)
        if dialect.is_gone(settled):
            return ExchangeGone(f"exchange {exchange!r} is gone: {said}; it is created again for the next attempt")
        text = f"exchange {exchange!r} rejected the message: {said}"
        if settled.condition.startswith(tuple(f"{name}:" for name in NEVER)):
            return PermanentFailure(text)
        return TransientFailure(dialect.explain_end(exchange, text), credentials=is_unauthorised(settled.condition))
    if settled.state == Delivery.RELEASED:
        return TransientFailure(f"exchange {exchange!r} released the message without processing it")
    if settled.state == Delivery.MODIFIED:
        return TransientFailure(f"exchange {exchange!r} did not process the message (outcome modified)")
    return TransientFailure(f"exchange {exchange!r} settled the message without an outcome")


def describe_success(settled: Settled, exchange: str, dialect: Dialect) -> str:
    """What is noted with a message that was delivered."""
    if settled.state != Delivery.ACCEPTED:
        return "nobody is subscribed"
    return f"accepted; {dialect.unverified(exchange)}" if dialect.unverified(exchange) else "accepted"


def lost(dialect: Dialect, exchange: str, reason: str) -> TransientFailure:
    """The failure of all that was in flight when link or connection ended."""
    return TransientFailure(dialect.explain_end(exchange, reason), credentials=is_unauthorised(reason))


def withdrawn(why: Why, dialect: Dialect, broker: str, timeout: float) -> TransientFailure:
    """The failure of a message that the broker has not settled in time."""
    if why is Why.BLOCKED:
        return Blocked(dialect.explain_blocked(broker))
    if why is Why.NO_CREDIT:
        return TransientFailure(
            f"{broker} gave no credit to send within {seconds(timeout)}: it is throttling publishers; check it for "
            "a queue that is not being consumed, or a memory or disk limit that has been reached"
        )
    return TimedOut(f"{broker} did not settle the message within {seconds(timeout)}")


def too_large(broker: str, size: int, limit: int) -> TransientFailure:
    """The failure of a message over the limit that the broker announced; an administrator may raise it."""
    return TransientFailure(
        f"the message has {size} bytes, but {broker} accepts at most {limit}; raise the broker's limit, or lower "
        "[events] "
        "max_event_bytes so that such events are refused when they are emitted"
    )


def unmade(error: Exception) -> PermanentFailure:
    """The failure for an event that there can be no message of, now or later."""
    failure = PermanentFailure(f"the event cannot be encoded as a message: {type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure
