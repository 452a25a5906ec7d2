"""A broker that we do not know."""

from __future__ import annotations

from pulp_events_amqp.dialects.node import Node


class Unknown(Node):
    """Attached to as AMQP 1.0 has it, and believed in nothing.

    ActiveMQ Classic, say, makes a queue of any name, and its answer echoes whatever capabilities it was asked for. So
    that a link was attached proves nothing about what is behind it; and as attaching may make something, `look` does
    not.
    """

    def unverified(self, exchange: str) -> str:
        """See `Dialect.unverified`."""
        return (
            f"not verified that {exchange!r} is a topic exchange: {self.broker} is not a known broker, and may have "
            "created a queue instead"
        )
