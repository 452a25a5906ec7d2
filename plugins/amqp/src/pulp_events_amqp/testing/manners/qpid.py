"""As Apache Qpid C++, measured with qpidd 1.40."""

from __future__ import annotations

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners.base import Manner, Target
from pulp_events_amqp.testing.nodes import Nodes, Refusal


class QpidManner(Manner):
    """The address is a queue or an exchange; capabilities ask for the latter to be made, properties say how.

    What is made is durable only with the property `durable`, and the type of what is there is compared only with the
    property `exchange-type`. A queue of that name keeps no exchange from being made.
    """

    product = "qpid-cpp"
    version = "1.40.0"

    def attach(self, nodes: Nodes, target: Target, faults: Faults) -> str:
        """See `Manner.attach`."""
        address = target.address
        if not faults.may_publish:
            raise Refusal("amqp:unauthorized-access", f"publishing to exchange {address} refused")
        if "create-on-demand" in target.capabilities:
            self._create(nodes, target, faults)
        if address not in nodes.exchanges and address not in nodes.queues:
            raise Refusal("amqp:not-found", f"Node not found: {address}")
        return address

    def before_publishing(self, exchange: str, nodes: Nodes, faults: Faults) -> None:
        """See `Manner.before_publishing`. The condition is not the one that one would expect."""
        if exchange not in nodes.exchanges and exchange not in nodes.queues:
            text = f"resource-deleted: Exchange {exchange} has been deleted."
            raise Refusal("amqp:precondition-failed", text, ends_link=True)

    def _create(self, nodes: Nodes, target: Target, faults: Faults) -> None:
        if not faults.may_create:
            raise Refusal("amqp:unauthorized-access", f"creating exchange {target.address} refused")
        wanted = str(target.properties.get("exchange-type", "topic"))
        if target.address not in nodes.exchanges:
            nodes.exchanges[target.address] = wanted
            if not target.properties.get("durable"):
                nodes.transient.add(target.address)
        elif "exchange-type" in target.properties and nodes.exchanges[target.address] != wanted:
            raise Refusal("amqp:precondition-failed", "Exchange of different type already exists")
