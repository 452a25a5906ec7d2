"""`ReceivedMessage`: what somebody published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from proton import Message


@dataclass(frozen=True)
class ReceivedMessage:
    """One published message. Its parts are decoded when they are first asked for."""

    exchange: str
    encoded: bytes
    key: str | None
    """The routing key; None: it is the subject."""

    outcome: str
    """What the broker answered: `accept`, `reject`, `release`, `modify` or `never`."""

    @cached_property
    def message(self) -> Message:
        """The whole message, as proton shows it."""
        message = Message()
        message.decode(self.encoded)
        return message

    @property
    def routing_key(self) -> str:
        """What bindings are matched against."""
        return self.subject if self.key is None else self.key

    @property
    def subject(self) -> str:
        """The subject; with Qpid, that is the routing key."""
        return self.message.subject or ""

    @property
    def body(self) -> bytes:
        """Content of the data section."""
        body: Any = self.message.body
        return body.encode() if isinstance(body, str) else bytes(body)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def id(self) -> Any:
        """The message id."""
        return self.message.id

    @property
    def correlation_id(self) -> Any:
        """The correlation id; None if there is none."""
        return self.message.correlation_id

    @property
    def content_type(self) -> str:
        """The content type."""
        return str(self.message.content_type)

    @property
    def durable(self) -> bool:
        """True if the message is to survive a restart of the broker."""
        return bool(self.message.durable)

    @property
    def properties(self) -> dict[str, Any]:
        """The application properties."""
        return dict(self.message.properties or {})
