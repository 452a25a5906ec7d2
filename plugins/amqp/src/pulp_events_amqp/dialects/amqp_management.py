"""Requests to an AMQP management node (the OASIS working draft "AMQP Management 1.0")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proton import Link, Message

from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attached, detach, raise_if_refused, received
from pulp_events_amqp.procedures import Procedure

_NODE = "$management"


@dataclass(frozen=True)
class Answer:
    """Status, with the meanings of HTTP, the broker's words if it had any, and the attributes that it sent."""

    status: int
    text: str
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.status} {self.text}".rstrip()


def request(engine: Engine, properties: Mapping[str, Any], body: Mapping[str, Any]) -> Procedure[Answer]:
    """Send one request and return the answer. Raises LinkRefused.

    Request and answer travel over two links of one session; the answer's address is the name of the second.
    """
    name = f"pulp-events-management-{engine.next_tag()}"
    session = engine.sessions.take()
    sender, receiver = session.sender(f"{name}-requests"), session.receiver(name)
    sender.target.address = receiver.source.address = _NODE
    sender.source.address = receiver.target.address = name
    receiver.snd_settle_mode = Link.SND_SETTLED
    receiver.open()
    sender.open()
    receiver.flow(1)
    try:
        for link in (receiver, sender):
            yield attached(link)
            raise_if_refused(link)
        yield lambda: sender.credit > 0 or bool(session.state & sender.REMOTE_CLOSED)
        raise_if_refused(sender)
        message: Any = Message(dict(body), id=name, reply_to=name, properties=dict(properties))
        message.send(sender, engine.next_tag())
        answer = yield from received(receiver)
    except (GeneratorExit, LinkRefused):  # the former: nobody waits for it any more
        engine.spawn(lambda: detach(engine, sender, receiver))
        raise
    yield from detach(engine, sender, receiver)
    said = answer.properties or {}
    return Answer(
        int(said.get("statusCode", 0)),
        str(said.get("statusDescription", "")),
        {str(key): value for key, value in answer.body.items()} if isinstance(answer.body, dict) else {},
    )
