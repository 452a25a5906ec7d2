"""What the broker does with one attached link: take messages in, hand them out, answer requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from proton import Condition, Data, Delivery, Described, Link, Message, Receiver, Sender

from pulp_events.testing.amqp_broker.nodes import Nodes, Refusal, Subscription

if TYPE_CHECKING:
    from pulp_events.testing.amqp_broker.broker import AmqpBroker

_STATES = {
    "accept": Delivery.ACCEPTED,
    "reject": Delivery.REJECTED,
    "release": Delivery.RELEASED,
    "modify": Delivery.MODIFIED,
}


class Publisher:
    """A link over which a client publishes: to one exchange, or to wherever each message's `to` says."""

    def __init__(self, broker: AmqpBroker, link: Receiver, exchange: str | None) -> None:
        self._broker = broker
        self._link = link
        self._exchange = exchange
        self._credit = broker.faults.credit
        link.flow(self._credit)

    def delivery(self, delivery: Delivery) -> None:
        """A message came in."""
        link = self._link
        if delivery.partial or not delivery.readable:
            return
        encoded = bytes(link.recv(delivery.pending) or b"")
        link.advance()
        condition = Condition("amqp:precondition-failed", "rejected by the test")
        try:
            outcome = self._broker.publish(*self._destination(encoded), encoded)
        except Refusal as refusal:
            outcome, condition = "reject", Condition(refusal.condition, refusal.description)
            if refusal.ends_session:
                link.session.condition = condition
                link.session.close()
                return
        if outcome == "never":
            return
        if outcome == "reject":
            delivery.local.condition = condition
        delivery.update(_STATES[outcome])
        delivery.settle()
        if link.credit <= self._credit // 2:
            link.flow(self._credit - link.credit)

    def _destination(self, encoded: bytes) -> tuple[str, str | None]:
        """Exchange and routing key; None for the message's subject, which need not be known if nobody asks."""
        nodes = self._broker.nodes
        if self._exchange is not None:
            return self._exchange, "" if nodes.is_rabbitmq else None
        message = Message()
        message.decode(encoded)
        return nodes.destination(message.address or "", self._broker.faults.may_publish)


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


class Management:
    """RabbitMQ's management link pair: a receiver and a sender of one name."""

    def __init__(self, nodes: Nodes, may_create: Callable[[], bool]) -> None:
        self._nodes = nodes
        self._may_create = may_create
        self._answers: list[Message] = []
        self._tags = 0
        self.requests: Receiver | None = None
        self.answers: Sender | None = None

    def delivery(self, delivery: Delivery) -> None:
        """A request came in, or an answer was settled."""
        if not delivery.readable or delivery.partial or self.requests is None:
            return
        request: Any = Message()  # proton's hints for `recv` and `body` are too narrow
        request.recv(self.requests)
        delivery.settle()
        self.requests.flow(1)
        answer = Message(correlation_id=request.id, subject="404")
        if request.subject == "PUT" and (request.address or "").startswith("/exchanges/"):
            try:
                status, text = self._nodes.declare(request.address, request.body, self._may_create())
            except Refusal as refusal:
                session = self.requests.session
                session.condition = Condition(refusal.condition, refusal.description)
                session.close()
                return
            answer.subject, answer.body = str(status), text
        self._answers.append(answer)
        self.flow()

    def flow(self) -> None:
        """Send the answers that there is credit for."""
        while self._answers and self.answers is not None and self.answers.credit > 0:
            self._tags += 1
            self._answers.pop(0).send(self.answers, f"answer-{self._tags}")


def binding_pattern(link: Link) -> str:
    """The pattern of the source filter `apache.org:legacy-amqp-topic-binding:string`; `#` if there is none."""
    for value in _read(link.remote_source.filter, {}).values():
        if isinstance(value, Described) and str(value.descriptor) in _TOPIC_BINDING:
            return str(value.value)
    return "#"


def capabilities(data: Data) -> list[str]:
    """Capabilities of a terminus: an array of symbols, or one alone."""
    found = _read(data, [])
    return [str(name) for name in found] if not isinstance(found, str) else [found]


def _read(data: Data, default: Any) -> Any:
    data.rewind()
    if not data.next():
        return default
    value = data.get_object()
    return default if value is None else value


_TOPIC_BINDING = ("apache.org:legacy-amqp-topic-binding:string", str(0x0000468C00000001))
