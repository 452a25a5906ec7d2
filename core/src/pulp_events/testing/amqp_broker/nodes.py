"""Exchanges and subscriptions, and how the two kinds of broker name and refuse them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from pulp_events.events.pattern import matches
from pulp_events.testing.amqp_broker.messages import ReceivedMessage


@dataclass(eq=False)
class Subscription:
    """A queue that is bound to an exchange with a pattern."""

    exchange: str
    pattern: str
    messages: deque[ReceivedMessage] = field(default_factory=deque)
    """Routed here and not yet taken."""

    taken: Callable[[], None] = lambda: None
    """Called when a message was added."""

    def wants(self, key: str) -> bool:
        """AMQP topic rules; `*` alone is one word here, not every type."""
        return "." not in key if self.pattern == "*" else matches(self.pattern, key)


@dataclass(frozen=True)
class Refusal(Exception):
    """Why a link is not attached."""

    condition: str
    description: str
    ends_session: bool = False


class Nodes:
    """State of the broker that outlives connections. Used on the broker's thread; tests may look."""

    def __init__(self, product: str) -> None:
        self.is_rabbitmq = product == "RabbitMQ"
        self.exchanges: dict[str, str] = {"amq.topic": "topic", "amq.direct": "direct", "amq.fanout": "fanout"}
        self.subscriptions: list[Subscription] = []

    def address(self, address: str) -> tuple[str, str]:
        """Exchange and routing key that RabbitMQ's `/exchanges/NAME` or `/exchanges/NAME/KEY` stands for.

        The key is empty where there is none; with Qpid the address is the exchange. Raises Refusal.
        """
        if not self.is_rabbitmq:
            return address, ""
        start, kind, *parts = address.split("/") if address.count("/") in (2, 3) else ("", "")
        if start or kind != "exchanges" or any(quote(unquote(part), safe="") != part for part in parts):
            raise Refusal("amqp:invalid-field", f"unsupported address {address}", ends_session=True)
        return unquote(parts[0]), unquote(parts[1]) if len(parts) > 1 else ""

    def destination(self, to: str, may_publish: bool) -> tuple[str, str]:
        """Where a message on a link without an address goes (RabbitMQ); raises Refusal."""
        exchange, key = self.address(to)
        if not may_publish:
            raise Refusal("amqp:unauthorized-access", f"write access to exchange '{exchange}' refused", True)
        if exchange not in self.exchanges:
            raise Refusal("amqp:not-found", f"no exchange '{exchange}' in vhost '/'")
        return exchange, key

    def attach(self, address: str, capabilities: list[str], may_create: bool, may_publish: bool) -> str:
        """Name of the exchange for a publisher's link, made if that is asked for; raises Refusal."""
        name, _ = self.address(address)
        if not may_publish:
            raise Refusal("amqp:unauthorized-access", f"publishing to exchange {name} refused", self.is_rabbitmq)
        if self.is_rabbitmq:
            if name not in self.exchanges:
                raise Refusal("amqp:not-found", f"no exchange '{name}' in vhost '/'", ends_session=True)
            return name
        if "create-on-demand" in capabilities:
            if not may_create:
                raise Refusal("amqp:unauthorized-access", f"creating exchange {name} refused")
            if self.exchanges.setdefault(name, "topic") != "topic" and "topic" in capabilities:
                raise Refusal("amqp:precondition-failed", "Exchange of different type already exists")
        if name not in self.exchanges:
            raise Refusal("amqp:not-found", f"Node not found: {name}")
        return name

    def declare(self, path: str, wanted: Mapping[str, Any], may_create: bool) -> tuple[int, str | None]:
        """RabbitMQ's `PUT /exchanges/NAME`: status and explanation; raises Refusal, which ends the session."""
        name = unquote(path.rpartition("/")[2])
        if not may_create:
            raise Refusal("amqp:unauthorized-access", f"configure access to exchange '{name}' refused", True)
        found = self.exchanges.get(name)
        if found is None:
            self.exchanges[name] = wanted["type"]
            return 201, None
        if found != wanted["type"]:
            return 409, (
                f"inequivalent arg 'type' for exchange '{name}' in vhost '/': received '{wanted['type']}' but current "
                f"is '{found}'"
            )
        return 204, None

    def route(self, message: ReceivedMessage) -> bool:
        """Put a message into the subscriptions that want it; False if there is none."""
        wanting = [
            one for one in self.subscriptions if one.exchange == message.exchange and one.wants(message.routing_key)
        ]
        for subscription in wanting:
            subscription.messages.append(message)
            subscription.taken()
        return bool(wanting)
