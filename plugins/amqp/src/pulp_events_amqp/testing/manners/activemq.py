"""As Apache ActiveMQ Classic, measured with 5.17."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners.artemis import jms_selector
from pulp_events_amqp.testing.manners.base import SELECTOR, Manner, Target
from pulp_events_amqp.testing.nodes import Nodes, Refusal, Subscription

_TOPIC, _QUEUE = "topic://", "queue://"


class ActiveMQManner(Manner):
    """A name without a prefix is a queue's. Both kinds are made by attaching to them; capabilities change nothing."""

    product = "ActiveMQ"
    version = "5.17.2"
    exchanges: ClassVar[Mapping[str, str]] = {}

    def properties(self) -> dict[str, Any]:
        """See `Manner.properties`."""
        return {**super().properties(), "topic-prefix": _TOPIC, "queue-prefix": _QUEUE}

    def attach(self, nodes: Nodes, target: Target, faults: Faults) -> str:
        """See `Manner.attach`."""
        address = target.address
        is_topic, name = address.startswith(_TOPIC), address.removeprefix(_TOPIC).removeprefix(_QUEUE)
        full = f"{_TOPIC if is_topic else _QUEUE}{name}"
        if not faults.may_create and name not in (nodes.exchanges if is_topic else nodes.queues):
            raise Refusal("amqp:unauthorized-access", f"User pulp is not authorized to create: {full}")
        if not faults.may_publish:
            raise Refusal("amqp:unauthorized-access", f"User pulp is not authorized to write to: {full}")
        if is_topic:
            nodes.exchanges.setdefault(name, "topic")
        else:
            nodes.queues.setdefault(address, deque())
        return name if is_topic else address

    def subscription(self, address: str, filters: dict[str, str]) -> Subscription:
        """See `Manner.subscription`; only topics have any."""
        return Subscription(address.removeprefix(_TOPIC), selector=jms_selector(filters.get(SELECTOR)))
