"""`Requests`: a management node's link that takes requests, and the one that carries the answers."""

from __future__ import annotations

from typing import Any

from proton import Condition, Delivery, Message, Receiver, Sender

from pulp_events_amqp.testing.nodes import Refusal


class Requests:
    """Handler of both kinds of links of one connection; give it each with `add`."""

    def __init__(self) -> None:
        self._answers: dict[str, Sender] = {}
        self._waiting: list[tuple[str, Message]] = []
        self._tags = 0

    def add(self, link: Any) -> None:
        """A link is open now: one for requests, or one for the answers to its target's address."""
        if link.is_receiver:
            link.flow(1)
        else:
            self._answers[self.name_of(link)] = link
            self.flow()

    def name_of(self, answers: Sender) -> str:
        """What requests call the link that is to carry their answers."""
        return str(answers.remote_target.address)

    def reply_to(self, request: Any, requests: Receiver) -> str:
        """Name of the link that carries the answer to a request."""
        return str(request.reply_to)

    def answer(self, request: Any) -> Message:
        """The answer to a request; raises Refusal, which ends the session."""
        raise NotImplementedError

    def delivery(self, delivery: Delivery) -> None:
        """A request came in, or an answer was settled."""
        if not delivery.readable or delivery.partial:
            return
        link: Any = delivery.link
        request: Any = Message()  # proton's hints for `recv` and `body` are too narrow
        request.recv(link)
        delivery.update(Delivery.ACCEPTED)
        delivery.settle()
        link.flow(1)
        try:
            self._waiting.append((self.reply_to(request, link), self.answer(request)))
        except Refusal as refusal:
            link.session.condition = Condition(refusal.condition, refusal.description)
            link.session.close()
            return
        self.flow()

    def flow(self) -> None:
        """Send the answers that there is credit for."""
        for item in list(self._waiting):
            name, answer = item
            link = self._answers.get(name)
            if link is not None and link.credit > 0:
                self._waiting.remove(item)
                self._tags += 1
                answer.send(link, f"answer-{self._tags}")
