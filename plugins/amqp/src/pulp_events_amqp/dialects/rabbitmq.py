"""RabbitMQ 4, which speaks AMQP 1.0 natively."""

from __future__ import annotations

import re
from urllib.parse import quote

from proton import Delivery

from pulp_events import TransientFailure
from pulp_events_amqp.dialects.base import (
    EXCHANGE_TYPE,
    UNAUTHORISED,
    Attachment,
    Dialect,
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


class RabbitMQ(Dialect):
    """A link without an address (the anonymous terminus); each message says by its `to` where it goes.

    That is `/exchanges/NAME/KEY`, percent-encoded. A link to `/exchanges/NAME` would not do: RabbitMQ takes no notice
    of the subject and routes its messages with an empty key. A message that no queue is bound for is RELEASED, one for
    an exchange that is absent REJECTED with `amqp:not-found`. The exchange is declared over the management link pair.
    """

    products = ("RabbitMQ",)
    publish = "write"
    create = "configure"
    attaching_needs_publish = True

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
        if declared.status == 403 and not (yield from self.exists(engine, exchange)):
            raise absent(self, exchange, declared)
        try:
            link = yield from attach_sender(engine, None)
        except LinkRefused as refused:
            raise TransientFailure(f"{engine.broker} refused a link: {refused}") from refused
        return Attachment(link, may_create=declared.status != 403)

    def exists(self, engine: Engine, exchange: str) -> Procedure[bool | None]:
        """See `Dialect.exists`. A link to an exchange that is absent, or not ours to write to, is refused."""
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

    def is_mendable(self, settled: Settled) -> bool:
        """See `Dialect.is_mendable`. A rejection without a condition is a queue's that is full (`reject-publish`)."""
        return not settled.condition or super().is_mendable(settled)

    def explain_rejection(self, settled: Settled) -> str:
        """See `Dialect.explain_rejection`."""
        return settled.condition or "no condition, so a queue is full or not to be had"

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
