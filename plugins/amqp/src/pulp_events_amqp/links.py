"""Attaching links, as procedures for the engine's thread.

Sessions are left open until the connection closes, also those that nothing is attached to any more. An ended session's
channel goes to the next one that begins, and RabbitMQ 4.0 at times loses the `begin` on a channel just left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from proton import Condition, Data, Endpoint, Link, Receiver, Sender, symbol

from pulp_events_amqp.engine import Engine
from pulp_events_amqp.procedures import Procedure


class LinkRefused(Exception):
    """The broker closed a link or its session instead of attaching it."""

    def __init__(self, condition: Condition | None) -> None:
        self.name = condition.name if condition else "no condition"
        self.description = (condition.description if condition else "") or "no description"
        super().__init__(f"{self.name}: {self.description}")


def attach_sender(engine: Engine, address: str | None, capabilities: Sequence[str] = ()) -> Procedure[Sender]:
    """A sender to `address`, on a session of its own: some brokers end the whole session over a link they refuse.

    `address`: None for the anonymous terminus, where each message says where it goes. `capabilities`: those that the
    target is to have. Raises LinkRefused.
    """
    session = engine.connection.session()
    session.open()
    sender = session.sender(f"pulp-events-{engine.next_tag()}")
    sender.source.address = sender.name
    if address is not None:
        sender.target.address = address
    if capabilities:
        put_symbols(sender.target.capabilities, capabilities)
    sender.snd_settle_mode = Link.SND_UNSETTLED
    sender.rcv_settle_mode = Link.RCV_FIRST
    sender.open()
    yield attached(sender)
    raise_if_refused(sender)
    return sender


def attached(link: Sender | Receiver) -> Callable[[], bool]:
    """Condition: the broker has attached the link, or has refused it and said why.

    A link is refused by an attach without a terminus, and a detach with the reason after it (AMQP 1.0 §2.6.3).
    """

    def decided() -> bool:
        if is_closed(link):
            return True
        if not link.state & Endpoint.REMOTE_ACTIVE:
            return False
        terminus = link.remote_target if link.is_sender else link.remote_source
        return bool(terminus.type != terminus.UNSPECIFIED)

    return decided


def is_closed(link: Sender | Receiver) -> bool:
    """True if the broker has closed the link or its session."""
    return bool((link.state | link.session.state) & Endpoint.REMOTE_CLOSED)


def raise_if_refused(link: Sender | Receiver) -> None:
    """Raise LinkRefused if the broker has closed the link or its session."""
    if is_closed(link):
        raise LinkRefused(link.remote_condition or link.session.remote_condition)


def put_symbols(data: Data, names: Sequence[str]) -> None:
    """Write an array of symbols, the type that capabilities have (AMQP 1.0 §3.5.4)."""
    data.put_array(False, Data.SYMBOL)
    data.enter()
    for name in names:
        data.put_symbol(symbol(name))
    data.exit()
