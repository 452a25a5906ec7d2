"""As Apache Qpid Broker-J, measured with 9.2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from proton import Message

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners.base import Manner, Target
from pulp_events_amqp.testing.manners.requests import Requests
from pulp_events_amqp.testing.nodes import Nodes, Refusal, Subscription


class BrokerJManner(Manner):
    """The address is the exchange, which is made over the management node."""

    product = "Apache Qpid Broker-J Core"
    version = "9.2.0"
    knows_default_outcomes = False

    def properties(self) -> dict[str, Any]:
        """See `Manner.properties`."""
        return {**super().properties(), "qpid.build": "abc", "qpid.instance_name": "Broker"}

    def refuses_host(self, hostname: str, nodes: Nodes) -> Refusal | None:
        """See `Manner.refuses_host`. Addresses of the machine stand for the default virtual host."""
        if hostname in ("", "localhost", "127.0.0.1", *nodes.virtual_hosts):
            return None
        return Refusal("amqp:not-found", f"Unknown hostname in connection open: '{hostname}'")

    def attach(self, nodes: Nodes, target: Target, faults: Faults) -> str:
        """See `Manner.attach`. The permission to publish is not asked before a message comes."""
        address = target.address
        if address not in nodes.exchanges and address not in nodes.queues:
            raise Refusal("amqp:not-found", f"Could not find destination for target 'Target{{address={address}}}'")
        return address

    def before_publishing(self, exchange: str, nodes: Nodes, faults: Faults) -> None:
        """See `Manner.before_publishing`."""
        if not faults.may_publish:
            text = f"Permission PERFORM_ACTION(publish) is denied for : Exchange '{exchange}'"
            raise Refusal("amqp:not-allowed", text, ends_link=True)

    def subscription(self, address: str, filters: dict[str, str]) -> Subscription:
        """See `Manner.subscription`: `EXCHANGE/KEY`."""
        exchange, _, key = address.partition("/")
        return Subscription(exchange, key or "#")

    def unrouted(self, capabilities: Sequence[str], key: str) -> Literal["accept", "release"]:
        """See `Manner.unrouted`."""
        if "DISCARD_UNROUTABLE" in capabilities:
            return "accept"
        raise Refusal("amqp:not-found", f"Unknown destination '{key}'")

    def management(self, nodes: Nodes, faults: Faults, link: Any) -> bool:
        """See `Manner.management`."""
        if "$management" not in (link.remote_target.address, link.remote_source.address):
            return False
        if not faults.has_management:
            raise Refusal("amqp:not-found", "Could not find destination for target '$management'")
        return True

    def requests(self, nodes: Nodes, faults: Faults) -> Requests:
        """See `Manner.requests`."""
        return ManagementNode(nodes, faults)


class ManagementNode(Requests):
    """Understands CREATE of a topic exchange and READ of an exchange."""

    def __init__(self, nodes: Nodes, faults: Faults) -> None:
        super().__init__()
        self._nodes = nodes
        self._faults = faults

    def answer(self, request: Any) -> Message:
        """See `Requests.answer`."""
        properties = request.properties or {}
        body: dict[str, Any] | bytes = b""
        status, text = 501, "Not implemented"
        exchanges = self._nodes.exchanges
        if (properties.get("operation"), properties.get("type")) == ("CREATE", "org.apache.qpid.TopicExchange"):
            name = request.body["name"]
            status, text = (409, "Object already exists with the same path") if name in exchanges else (201, "")
            if not self._faults.may_create:
                status, text = 403, "Forbidden"
            else:
                exchanges.setdefault(name, "topic")
        elif (properties.get("operation"), properties.get("type")) == ("READ", "org.apache.qpid.Exchange"):
            name = properties["key"].replace("\\/", "/").replace("\\\\", "\\")
            status, text = (200, "") if name in exchanges else (404, "Not found")
            body = {"name": name, "qpid-type": exchanges[name]} if name in exchanges else b""
        said = {"statusCode": status, **({"statusDescription": text} if text else {})}
        return Message(body, correlation_id=request.id, address=request.reply_to, properties=said)
