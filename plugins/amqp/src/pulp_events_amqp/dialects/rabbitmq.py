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
    """The target's address is `/exchanges/NAME`, percent-encoded; the routing key is the message's subject.

    An exchange is declared over the management link pair before anything is attached to it: a link to one that is
    absent ends the session. A message that no queue is bound for is RELEASED.
    """

    products = ("RabbitMQ",)
    released_is_delivered = True

    def attach(self, engine: Engine, exchange: str) -> Procedure[Sender]:
        """See `Dialect.attach`."""
        if _LINK_PAIR not in [str(name) for name in engine.connection.remote_offered_capabilities or ()]:
            version = (engine.connection.remote_properties or {}).get("version", "of unknown version")
            raise TransientFailure(f"{engine.broker} is RabbitMQ {version}; version 4 or later is needed")
        path = f"/exchanges/{quote(exchange, safe='')}"
        declared = yield from self._declare(engine, path)
        other_type = re.search(r"'type'.*current is '([^']*)'", declared.text)
        if declared.status == 409 and other_type:
            raise wrong_type(exchange, other_type.group(1), declared.text)
        if declared.status not in (201, 204, 403, 409):
            raise TransientFailure(f"{engine.broker} did not declare exchange {exchange!r}: {declared}")
        # 409 for durability or arguments: whoever made it had their reasons. 403: it may be there all the same.
        try:
            return (yield from attach_sender(engine, path))
        except LinkRefused as refused:
            if declared.status == 403:
                raise TransientFailure(
                    f"exchange {exchange!r} cannot be used ({refused}) and the permission 'configure' to create it is "
                    f"missing ({declared}); grant it or create the exchange as a durable topic exchange"
                ) from refused
            raise TransientFailure(f"{engine.broker} refused exchange {exchange!r}: {refused}") from refused

    def _declare(self, engine: Engine, path: str) -> Procedure[Answer]:
        properties = {"type": EXCHANGE_TYPE, "durable": True, "auto_delete": False, "internal": False, "arguments": {}}
        try:
            return (yield from request(engine, "PUT", path, properties))
        except LinkRefused as refused:
            if refused.name == "amqp:unauthorized-access":  # it ends the session rather than answer 403
                return Answer(403, refused.description)
            raise TransientFailure(f"{engine.broker} refused its management node: {refused}") from refused
