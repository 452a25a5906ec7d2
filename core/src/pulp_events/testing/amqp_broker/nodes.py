"""Exchanges and the queues that are bound to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from pulp_events.events.pattern import matches
from pulp_events.testing.amqp_broker.messages import ReceivedMessage


@dataclass(eq=False)
class Subscription:
    """A queue that is bound to an exchange with a pattern."""

    exchange: str
    pattern: str = "#"
    selector: Callable[[str], bool] | None = None
    """Chooses by the subject instead of the pattern: what ActiveMQ Artemis has."""

    messages: deque[ReceivedMessage] = field(default_factory=deque)
    """Routed here and not yet taken."""

    taken: Callable[[], None] = lambda: None
    """Called when a message was added."""

    def wants(self, key: str) -> bool:
        """AMQP topic rules; `*` alone is one word here, not every type."""
        if self.selector is not None:
            return self.selector(key)
        return "." not in key if self.pattern == "*" else matches(self.pattern, key)


@dataclass(frozen=True)
class Refusal(Exception):
    """Why a link is not attached, or a message not taken."""

    condition: str
    description: str
    ends_session: bool = False
    ends_link: bool = False


class Nodes:
    """State of the broker that outlives connections. Used on the broker's thread; tests may look."""

    def __init__(self) -> None:
        self.exchanges: dict[str, str] = {"amq.topic": "topic", "amq.direct": "direct", "amq.fanout": "fanout"}
        self.subscriptions: list[Subscription] = []

    def route(self, message: ReceivedMessage) -> bool:
        """Put a message into the subscriptions that want it; False if there is none."""
        wanting = [
            one for one in self.subscriptions if one.exchange == message.exchange and one.wants(message.routing_key)
        ]
        for subscription in wanting:
            subscription.messages.append(message)
            subscription.taken()
        return bool(wanting)
