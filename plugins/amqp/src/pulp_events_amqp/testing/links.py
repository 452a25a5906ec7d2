"""What the broker does with one attached link: take messages in, hand them out."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from proton import Condition, Data, Delivery, Described, Link, Message, Receiver, Sender, symbol

from pulp_events_amqp.testing.house import House
from pulp_events_amqp.testing.manners.base import SELECTOR, TOPIC_BINDING
from pulp_events_amqp.testing.nodes import Refusal, Subscription

_NAMES_OF_OUTCOMES = {"reject": "amqp:rejected:list", "release": "amqp:released:list", "modify": "amqp:modified:list"}
_STATES = {
    "accept": Delivery.ACCEPTED,
    "reject": Delivery.REJECTED,
    "release": Delivery.RELEASED,
    "modify": Delivery.MODIFIED,
}


class Publisher:
    """A link over which a client publishes: to one exchange, or to wherever each message's `to` says."""

    def __init__(self, broker: House, link: Receiver, exchange: str | None) -> None:
        self._broker = broker
        self._link = link
        self._exchange = exchange
        self._capabilities = symbols(link.remote_target.capabilities)
        self._outcomes = symbols(link.remote_source.outcomes)
        self._credit = broker.faults.credit
        self._unsettled: deque[tuple[float, Delivery, str, Condition | None]] = deque()
        link.flow(self._credit)

    def delivery(self, delivery: Delivery) -> None:
        """A message came in."""
        link, faults = self._link, self._broker.faults
        if delivery.partial or not delivery.readable:
            return
        encoded = bytes(link.recv(delivery.pending) or b"")
        link.advance()
        info: Any = faults.info or None  # proton's hint for it is too narrow
        condition: Condition | None = Condition(faults.condition, "rejected by the test", info)
        try:
            if faults.full:
                raise self._broker.manner.full()
            exchange, key = self._destination(encoded)
            outcome = self._broker.publish(exchange, key, encoded, self._capabilities)
        except Refusal as refusal:
            outcome = "reject"
            condition = Condition(refusal.condition, refusal.description) if refusal.condition else None
            if refusal.ends_session or refusal.ends_link:
                endpoint = link.session if refusal.ends_session else link
                endpoint.condition = condition
                endpoint.close()
                return
        if faults.eager_credit:
            self._top_up()
        if faults.settle_after:
            self._unsettled.append((time.monotonic() + faults.settle_after, delivery, outcome, condition))
        else:
            self._settle(delivery, outcome, condition)

    @property
    def next_settlement(self) -> float:
        """When the next message is to be settled, of time.monotonic()."""
        return self._unsettled[0][0] if self._unsettled else float("inf")

    def settle(self) -> None:
        """Settle what is to be settled by now."""
        while self._unsettled and self._unsettled[0][0] <= time.monotonic():
            _, delivery, outcome, condition = self._unsettled.popleft()
            self._settle(delivery, outcome, condition)

    def _settle(self, delivery: Delivery, outcome: str, condition: Condition | None) -> None:
        if outcome == "never":
            return
        if outcome == "reject" and condition is not None:
            delivery.local.condition = condition
        if (
            self._broker.manner.knows_default_outcomes
            or outcome == "accept"
            or _NAMES_OF_OUTCOMES[outcome] in self._outcomes
        ):
            delivery.update(_STATES[outcome])
        delivery.settle()
        self._top_up()

    def _top_up(self) -> None:
        unsettled = 0 if self._broker.faults.eager_credit else len(self._unsettled)
        if self._link.credit + unsettled <= self._credit // 2:
            self._link.flow(self._credit - self._link.credit - unsettled)

    def flow(self) -> None:
        """Nothing to send."""

    def _destination(self, encoded: bytes) -> tuple[str, str | None]:
        """Exchange and routing key; None for the message's subject, which need not be known if nobody asks."""
        broker = self._broker
        if self._exchange is not None:
            broker.manner.before_publishing(self._exchange, broker.nodes, broker.faults)
            return self._exchange, broker.manner.key_of_link()
        message = Message()
        message.decode(encoded)
        return broker.manner.destination(broker.nodes, message.address or "", broker.faults)


class Subscriber:
    """A link over which a client receives what its subscription gets."""

    def __init__(self, link: Sender, subscription: Subscription) -> None:
        self._link = link
        self._tags = 0
        self.subscription = subscription

    def flow(self) -> None:
        """Send as many messages as there are, and credit for."""
        while self._link.credit > 0 and self.subscription.messages:
            self._tags += 1
            self._link.delivery(str(self._tags))
            self._link.stream(self.subscription.messages.popleft().encoded)
            self._link.advance()

    def delivery(self, delivery: Delivery) -> None:
        """The client has settled a message."""
        delivery.settle()


def filters(link: Link) -> dict[str, str]:
    """The filters of a source: values by descriptor, the numeric ones by their names."""
    found = {}
    for value in _read(link.remote_source.filter, {}).values():
        if isinstance(value, Described):
            found[_NAMES.get(str(value.descriptor), str(value.descriptor))] = str(value.value)
    return found


def symbols(data: Data) -> list[str]:
    """Capabilities or outcomes of a terminus: an array of symbols, or one alone."""
    found = _read(data, [])
    return [str(name) for name in found] if not isinstance(found, str) else [found]


def properties(data: Data) -> dict[str, Any]:
    """Properties of a terminus. Only symbols are keys (AMQP 1.0 §3.5.4); others are not understood."""
    return {str(key): value for key, value in _read(data, {}).items() if isinstance(key, symbol)}


def _read(data: Data, default: Any) -> Any:
    data.rewind()
    if not data.next():
        return default
    value = data.get_object()
    return default if value is None else value


_NAMES = {str(0x0000468C00000001): TOPIC_BINDING, str(0x0000468C00000004): SELECTOR}
"""Of the numeric descriptors."""
