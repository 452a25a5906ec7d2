"""RabbitMQ 4, which speaks AMQP 1.0 natively."""

from __future__ import annotations

import re
from urllib.parse import quote

from proton import Sender

from pulp_events import TransientFailure
from pulp_events_amqp.dialects.base import EXCHANGE_TYPE, Dialect, wrong_type
from pulp_events_amqp.dialects.link_pair import Answer, request
from pulp_events_amqp.engine import Engine
from pulp_events_amqp.links import LinkRefused, attach_sender
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
    released_is_delivered = True

    def attach(self, engine: Engine, exchange: str) -> Procedure[Sender]:
        """See `Dialect.attach`."""
        if _LINK_PAIR not in [str(name) for name in engine.connection.remote_offered_capabilities or ()]:
            version = (engine.connection.remote_properties or {}).get("version", "of unknown version")
            raise TransientFailure(f"{engine.broker} is RabbitMQ {version}; version 4 or later is needed")
        path = _path(exchange)
        declared = yield from self._declare(engine, path)
        other_type = re.search(r"'type'.*current is '([^']*)'", declared.text)
        if declared.status == 409 and other_type:
            raise wrong_type(exchange, other_type.group(1), declared.text)
        if declared.status not in (201, 204, 403, 409):
            raise TransientFailure(f"{engine.broker} did not declare exchange {exchange!r}: {declared}")
        # 409 for durability or arguments: whoever made it had their reasons.
        if declared.status == 403:
            yield from self._find(engine, exchange, path, declared)
        try:
            return (yield from attach_sender(engine, None))
        except LinkRefused as refused:
            raise TransientFailure(f"{engine.broker} refused a link: {refused}") from refused

    def to(self, exchange: str, event_type: str) -> str:
        """See `Dialect.to`."""
        return f"{_path(exchange)}/{quote(event_type, safe='')}"

    def _find(self, engine: Engine, exchange: str, path: str, declared: Answer) -> Procedure[None]:
        """Not permitted to make it: return if it is there all the same."""
        try:
            yield from attach_sender(engine, path)
        except LinkRefused as refused:
            raise TransientFailure(
                f"exchange {exchange!r} cannot be used ({refused}) and the permission 'configure' to create it is "
                f"missing ({declared}); grant it or create the exchange as a durable topic exchange"
            ) from refused

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
