"""Exchanges and the queues that are bound to them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pulp_events.events.pattern import matches
from pulp_events_amqp.testing.messages import ReceivedMessage


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

    def __init__(self, exchanges: Mapping[str, str]) -> None:
        """`exchanges`: type by name of those that are there from the start."""
        self.exchanges = dict(exchanges)
        self.subscriptions: list[Subscription] = []
        self.transient: set[str] = set()
        """Names of exchanges that do not survive the broker."""
        self.virtual_hosts: set[str] = {"/", "default"}
        self.queues: dict[str, deque[ReceivedMessage]] = {}
        """What was sent to queues by their names: where events are lost, if they were meant for an exchange."""

    def end(self) -> None:
        """The broker ends: what is not durable goes, and with an exchange all that is bound to it."""
        for name in self.transient:
            self.exchanges.pop(name, None)
        self.subscriptions = [one for one in self.subscriptions if one.exchange in self.exchanges]
        self.transient.clear()

    def route(self, message: ReceivedMessage) -> bool:
        """Put a message into the subscriptions that want it, or into the queue of that name; False if there is none."""
        if message.exchange not in self.exchanges and message.exchange in self.queues:
            self.queues[message.exchange].append(message)
            return True
        wanting = [
            one for one in self.subscriptions if one.exchange == message.exchange and one.wants(message.routing_key)
        ]
        for subscription in wanting:
            subscription.messages.append(message)
            subscription.taken()
        return bool(wanting)
