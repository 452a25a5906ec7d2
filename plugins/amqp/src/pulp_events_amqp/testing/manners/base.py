"""`Manner`: what one kind of broker does differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from proton import Delivery

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.nodes import Nodes, Refusal, Subscription


@dataclass(frozen=True)
class Target:
    """What a publisher wants to attach to (AMQP 1.0 §3.5.4)."""

    address: str
    capabilities: Sequence[str] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)


class RequestHandler(Protocol):
    """Acts for a management node on its links."""

    def delivery(self, delivery: Delivery) -> None:
        """A message came in, or one that was sent was settled."""

    def flow(self) -> None:
        """There is credit."""

    def add(self, link: Any) -> None:
        """A link of its own is open."""


class Manner:
    """One kind of broker."""

    product: str = ""
    """What it calls itself in its open frame."""

    version: str = ""
    exchanges: ClassVar[Mapping[str, str]] = {
        "amq.topic": "topic",
        "amq.direct": "direct",
        "amq.fanout": "fanout",
        "amq.match": "headers",
    }
    """Type by name of those that are there from the start."""

    offered: Sequence[str] = ("ANONYMOUS-RELAY",)
    """Capabilities of the open frame."""

    channel_max: int | None = None
    """Highest number of a session's channel; None: as many as there can be."""

    has_anonymous_terminus: bool = False
    """True if a link may have no address and its messages say where they go."""

    knows_default_outcomes: bool = True
    """False if a message is settled without an outcome that the client did not list in its source."""

    def properties(self) -> dict[str, Any]:
        """Of the open frame."""
        return {"product": self.product, "version": self.version}

    def refuses_host(self, hostname: str, nodes: Nodes) -> Refusal | None:
        """Why a connection to a (virtual) host of that name is closed again; None if it is not."""
        return None

    def attach(self, nodes: Nodes, target: Target, faults: Faults) -> str:
        """Name of the exchange for a publisher's link, made if that is asked for. Raises Refusal."""
        raise NotImplementedError

    def key_of_link(self) -> str | None:
        """The routing key of what comes over a link to an exchange; None: the message's subject."""
        return None

    def destination(self, nodes: Nodes, to: str, faults: Faults) -> tuple[str, str | None]:
        """Exchange and key of a message on a link without an address. Raises Refusal."""
        raise Refusal("amqp:not-allowed", "no anonymous terminus here")

    def before_publishing(self, exchange: str, nodes: Nodes, faults: Faults) -> None:
        """Asked for each message on a link to an exchange. Raises Refusal."""

    def full(self) -> Refusal:
        """How a message for a queue that is full is rejected."""
        return Refusal("amqp:resource-limit-exceeded", "the queue is full")

    def subscription(self, address: str, filters: dict[str, str]) -> Subscription:
        """For a link that receives. `filters`: values by descriptor."""
        return Subscription(address, filters.get(TOPIC_BINDING, "#"))

    def unrouted(self, capabilities: Sequence[str], key: str) -> Literal["accept", "release"]:
        """What becomes of a message that no queue is bound for. `capabilities`: the link's. Raises Refusal."""
        return "accept"

    def management(self, nodes: Nodes, faults: Faults, link: Any) -> bool:
        """True for a link to the management node. Raises Refusal."""
        return False

    def requests(self, nodes: Nodes, faults: Faults) -> RequestHandler:
        """What answers on all links of one connection to the management node."""
        raise NotImplementedError


TOPIC_BINDING = "apache.org:legacy-amqp-topic-binding:string"
SELECTOR = "apache.org:selector-filter:string"
"""Descriptors of source filters (registered with the Apache Qpid project)."""
