"""Requests over RabbitMQ's management link pair: HTTP in shape, AMQP in transport."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proton import Link, Message, symbol

from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attached, detach, raise_if_refused, received
from pulp_events_amqp.procedures import Procedure

_NODE = "/management"
_ID = "request"


@dataclass(frozen=True)
class Answer:
    """Status, with the meanings of HTTP, and the broker's words if it had any."""

    status: int
    text: str

    def __str__(self) -> str:
        return f"{self.status} {self.text}".rstrip()


def request(engine: Engine, method: str, path: str, body: Mapping[str, Any]) -> Procedure[Answer]:
    """Send one request on a link pair of its own and return the answer. Raises LinkRefused.

    The pair is a sender and a receiver of one name, with the link property `paired`, between the same two addresses.
    """
    name = f"pulp-events-management-{engine.next_tag()}"
    session = engine.sessions.take()
    sender, receiver = session.sender(name), session.receiver(name)
    for link in (sender, receiver):
        link.source.address = link.target.address = _NODE
        link.properties = {symbol("paired"): True}
    sender.snd_settle_mode = receiver.snd_settle_mode = Link.SND_SETTLED
    sender.open()
    receiver.open()
    receiver.flow(1)
    try:
        for link in (sender, receiver):
            yield attached(link)
            raise_if_refused(link)
        yield lambda: sender.credit > 0 or bool(session.state & sender.REMOTE_CLOSED)
        raise_if_refused(sender)
        Message(dict(body), id=_ID, subject=method, address=path, reply_to="$me").send(sender, engine.next_tag())
        answer = yield from received(receiver)
    except (GeneratorExit, LinkRefused):  # the former: nobody waits for it any more
        engine.spawn(lambda: detach(engine, sender, receiver))
        raise
    yield from detach(engine, sender, receiver)
    return Answer(int(answer.subject or 0), answer.body if isinstance(answer.body, str) else "")
