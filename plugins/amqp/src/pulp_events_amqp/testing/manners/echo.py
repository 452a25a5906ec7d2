"""As a broker that nobody has heard of: it takes whatever it is asked for, and echoes it."""

from __future__ import annotations

from collections import deque

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners.base import Manner, Target
from pulp_events_amqp.testing.nodes import Nodes, Refusal


class EchoManner(Manner):
    """An address that is no exchange is a queue, which is made. ActiveMQ Classic is like that where a prefix lacks."""

    version = "1.0"

    def attach(self, nodes: Nodes, target: Target, faults: Faults) -> str:
        """See `Manner.attach`."""
        address = target.address
        if not faults.may_publish:
            raise Refusal("amqp:unauthorized-access", f"not yours: {address}")
        if address not in nodes.exchanges:
            if not faults.may_create and address not in nodes.queues:
                if target.capabilities:
                    raise Refusal("amqp:unauthorized-access", f"you make nothing here: {address}")
                raise Refusal("amqp:not-found", f"no {address}")
            nodes.queues.setdefault(address, deque())
        return address
