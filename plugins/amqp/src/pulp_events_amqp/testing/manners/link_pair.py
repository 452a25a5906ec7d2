"""RabbitMQ's management link pair: a receiver and a sender of one name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from proton import Message, Receiver, Sender

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners.requests import Requests
from pulp_events_amqp.testing.nodes import Nodes, Refusal


class LinkPair(Requests):
    """Understands `PUT /exchanges/NAME`. The answer travels over the link that has the name of the request's."""

    def __init__(self, nodes: Nodes, faults: Faults) -> None:
        super().__init__()
        self._nodes = nodes
        self._faults = faults

    def name_of(self, answers: Sender) -> str:
        """See `Requests.name_of`."""
        return answers.name

    def reply_to(self, request: Any, requests: Receiver) -> str:
        """See `Requests.reply_to`; the request says `$me`."""
        return requests.name

    def answer(self, request: Any) -> Message:
        """See `Requests.answer`."""
        answer = Message(correlation_id=request.id, subject="404")
        if request.subject == "PUT" and (request.address or "").startswith("/exchanges/"):
            status, text = self._declare(unquote(request.address.rpartition("/")[2]), request.body)
            answer = Message(text, correlation_id=request.id, subject=str(status))
        return answer

    def _declare(self, name: str, wanted: Mapping[str, Any]) -> tuple[int, str | None]:
        if not self._faults.may_create:
            raise Refusal("amqp:unauthorized-access", f"configure access to exchange '{name}' refused", True)
        found = self._nodes.exchanges.get(name)
        if found is None and name.startswith("amq."):
            return 403, f"exchange '{name}' in vhost '/' starts with reserved prefix 'amq.'"
        if found is None:
            self._nodes.exchanges[name] = wanted["type"]
            return 201, None
        if found != wanted["type"]:
            return 409, (
                f"inequivalent arg 'type' for exchange '{name}' in vhost '/': received '{wanted['type']}' but current "
                f"is '{found}'"
            )
        return 204, None
