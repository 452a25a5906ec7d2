"""Attaching and detaching links, as procedures for the engine's thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from proton import Condition, Data, Endpoint, Link, Message, Receiver, Sender, symbol

from pulp_events_amqp.conditions import said
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.procedures import Procedure


class LinkRefused(Exception):
    """The broker closed a link or its session instead of attaching it."""

    def __init__(self, condition: Condition | None) -> None:
        self.name = condition.name if condition else "no condition"
        self.description = (condition.description if condition else "") or "no description"
        super().__init__(said(condition) if condition else f"{self.name}: {self.description}")


OUTCOMES = tuple(f"amqp:{outcome}:list" for outcome in ("accepted", "rejected", "released", "modified"))
"""What may become of a message (AMQP 1.0 §3.4)."""


def attach_sender(
    engine: Engine,
    address: str | None,
    capabilities: Sequence[str] = (),
    outcomes: Sequence[str] = (),
    properties: Mapping[str, object] = MappingProxyType({}),
) -> Procedure[Sender]:
    """A sender to `address`, on a session of its own: some brokers end the whole session over a link they refuse.

    `address`: None for the anonymous terminus, where each message says where it goes. `capabilities`: those that the
    target is to have. `outcomes`: those that we say we understand; none leaves it to the broker. `properties`: of the
    target. Raises LinkRefused.
    """
    name = f"pulp-events-{engine.next_tag()}"
    session = engine.sessions.take()
    sender = session.sender(name)
    sender.source.address = name
    if address is not None:
        sender.target.address = address
    if capabilities:
        put_symbols(sender.target.capabilities, capabilities)
    if properties:
        sender.target.properties.put_object({symbol(name): value for name, value in properties.items()})
    if outcomes:
        put_symbols(sender.source.outcomes, outcomes)
    sender.snd_settle_mode = Link.SND_UNSETTLED
    sender.rcv_settle_mode = Link.RCV_FIRST
    sender.open()
    try:
        yield attached(sender)
        raise_if_refused(sender)
    except (GeneratorExit, LinkRefused):  # the former: nobody waits for it any more
        engine.spawn(lambda: detach(engine, sender))
        raise
    return sender


def detach(engine: Engine, *links: Sender | Receiver) -> Procedure[None]:
    """Close links of one session, which is free for others afterwards.

    On a session that the broker has ended, nothing can be said, and nothing needs to be.
    """
    session = links[0].session
    if session.state & Endpoint.REMOTE_CLOSED:
        return
    for link in links:
        link.close()
    for link in links:
        yield partial(is_closed, link)
    for link in links:
        link.free()
    engine.sessions.give_back(session)


def received(receiver: Receiver) -> Procedure[Any]:
    """The next message that comes over a link. Raises LinkRefused if the link ends before it."""

    def decided() -> bool:
        current = receiver.current
        return (current is not None and not current.partial) or is_closed(receiver)

    message: Any = Message()
    while True:
        yield decided
        raise_if_refused(receiver)
        delivery = message.recv(receiver)
        if delivery is not None:
            delivery.settle()
            return message


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
