"""As Apache Qpid C++, measured with qpidd 1.40."""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events.testing.amqp_broker.faults import Faults
from pulp_events.testing.amqp_broker.manners.base import Manner
from pulp_events.testing.amqp_broker.nodes import Nodes, Refusal


class QpidManner(Manner):
    """The address is the exchange; capabilities ask for it to be made."""

    product = "qpid-cpp"
    version = "1.40.0"

    def attach(self, nodes: Nodes, address: str, capabilities: Sequence[str], faults: Faults) -> str:
        """See `Manner.attach`."""
        if not faults.may_publish:
            raise Refusal("amqp:unauthorized-access", f"publishing to exchange {address} refused")
        if "create-on-demand" in capabilities:
            if not faults.may_create:
                raise Refusal("amqp:unauthorized-access", f"creating exchange {address} refused")
            if nodes.exchanges.setdefault(address, "topic") != "topic" and "topic" in capabilities:
                raise Refusal("amqp:precondition-failed", "Exchange of different type already exists")
        if address not in nodes.exchanges:
            raise Refusal("amqp:not-found", f"Node not found: {address}")
        return address
