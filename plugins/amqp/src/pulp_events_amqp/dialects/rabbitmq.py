"""RabbitMQ 4, which speaks AMQP 1.0 natively."""

from __future__ import annotations

import re
from urllib.parse import quote

from proton import Delivery

from pulp_events import TransientFailure
from pulp_events_amqp.broker import RABBITMQ
from pulp_events_amqp.conditions import UNAUTHORISED
from pulp_events_amqp.dialects.base import (
    BUILT_IN,
    EXCHANGE_TYPE,
    Attachment,
    Dialect,
    Seen,
    absent,
    may_not_publish,
    wrong_type,
)
from pulp_events_amqp.dialects.link_pair import Answer, request
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attach_sender, detach
from pulp_events_amqp.outgoing import Settled
from pulp_events_amqp.procedures import Procedure

_LINK_PAIR = "LINK_PAIR_V1_0"
"""Capability of the open frame that RabbitMQ has since version 4."""

_RESERVED = "starts with reserved prefix"
"""Said of an exchange that nobody may make, with the status that a missing permission has (4.0 and 4.3)."""


class RabbitMQ(Dialect):
    """A link without an address (the anonymous terminus); each message says by its `to` where it goes.

    That is `/exchanges/NAME/KEY`, percent-encoded. A link to `/exchanges/NAME` would not do: RabbitMQ takes no notice
    of the subject and routes its messages with an empty key. A message that no queue is bound for is RELEASED, one for
    an exchange that is absent REJECTED with `amqp:not-found`. The exchange is declared over the management link pair.
    """

    products = (RABBITMQ,)
    publish = "write"
    create = "configure"

    def attach(self, engine: Engine, exchange: str) -> Procedure[Attachment]:
        """See `Dialect.attach`."""
        self._check_version(engine)
        path = _path(exchange)
        declared = yield from self._declare(engine, path)
        other_type = re.search(r"'type'.*current is '([^']*)'", declared.text)
        if declared.status == 409 and other_type:
            raise wrong_type(exchange, other_type.group(1), declared.text)
        if declared.status not in (201, 204, 403, 409):
            raise TransientFailure(f"{engine.broker} did not declare exchange {exchange!r}: {declared}")
        # 409 for durability or arguments: whoever made it had their reasons.
        if declared.status == 403 and not (yield from self._is_there(engine, exchange)):
            if _RESERVED in declared.text:
                raise TransientFailure(
                    f"exchange {exchange!r} does not exist, and {engine.broker} creates none whose name begins with "
                    f"{BUILT_IN} ({declared}); name another exchange"
                )
            raise absent(self, exchange, declared)
        try:
            link = yield from attach_sender(engine, None)
        except LinkRefused as refused:
            raise TransientFailure(f"{engine.broker} refused a link: {refused}") from refused
        return Attachment(link, may_create=declared.status != 403)

    def look(self, engine: Engine, exchange: str) -> Procedure[Seen]:
        """See `Dialect.look`. What is there can be declared without making anything, and that tells its type."""
        if not (yield from self._is_there(engine, exchange)):
            return Seen(False)
        attachment = yield from self.attach(engine, exchange)
        engine.spawn(lambda: detach(engine, attachment.link))
        may_create = bool(attachment.may_create)
        return Seen(True, verified=may_create, may_publish=True, may_create=may_create)

    def _is_there(self, engine: Engine, exchange: str) -> Procedure[bool]:
        """A link to an exchange that is absent, or not ours to write to, is refused."""
        self._check_version(engine)
        try:
            link = yield from attach_sender(engine, _path(exchange))
        except LinkRefused as refused:
            if refused.name == "amqp:not-found":
                return False
            if refused.name in UNAUTHORISED:
                raise may_not_publish(self, exchange, refused) from refused
            raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused
        engine.spawn(lambda: detach(engine, link))
        return True

    def to(self, exchange: str, subject: str) -> str:
        """See `Dialect.to`."""
        return f"{_path(exchange)}/{quote(subject, safe='')}"

    def nobody_subscribed(self, settled: Settled) -> bool:
        """See `Dialect.nobody_subscribed`."""
        return settled.state == Delivery.RELEASED

    def explain_rejection(self, settled: Settled) -> str:
        """See `Dialect.explain_rejection`."""
        if not settled.condition:
            return "no condition, so a queue is full or unavailable"
        if "reason=maxlen" in settled.condition:  # since 4.3 the info has the reason
            return f"{settled.condition}: a queue is full"
        return settled.condition

    def explain_blocked(self, broker: str) -> str:
        """See `Dialect.explain_blocked`. An alarm closes the incoming window of every session."""
        return (
            f"{broker} has blocked the connection, as RabbitMQ does during a memory or disk alarm, which "
            "`rabbitmq-diagnostics alarms` names; sending resumes when the alarm ends"
        )

    def _check_version(self, engine: Engine) -> None:
        if _LINK_PAIR not in self.broker.capabilities:
            raise TransientFailure(
                f"{engine.broker} is RabbitMQ {self.broker.version or 'of unknown version'}; version 4 or later is "
                "needed"
            )

    def _declare(self, engine: Engine, path: str) -> Procedure[Answer]:
        properties = {"type": EXCHANGE_TYPE, "durable": True, "auto_delete": False, "internal": False, "arguments": {}}
        try:
            return (yield from request(engine, "PUT", path, properties))
        except LinkRefused as refused:
            if refused.name == "amqp:unauthorized-access":  # it ends the session rather than answer 403
                return Answer(403, refused.description)
            raise TransientFailure(f"{engine.broker} refused its management node: {refused}") from refused


def _path(exchange: str) -> str:
    return f"/exchanges/{quote(exchange, safe='')}"
