"""`Broker`: who answered, from its open frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proton import Connection

RABBITMQ = "RabbitMQ"
"""Its `product`."""


@dataclass(frozen=True)
class Broker:
    """What a broker says of itself (AMQP 1.0 §2.7.1)."""

    product: str = ""
    version: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.product} {self.version}".strip() or "a broker that does not say what it is"


def look_at(connection: Connection) -> Broker:
    """The broker at the other end; on the engine's thread, once the connection is open."""
    properties = {str(key): value for key, value in (connection.remote_properties or {}).items()}
    return Broker(
        product=str(properties.get("product", "")),
        version=str(properties.get("version", "")),
        properties=properties,
        capabilities=frozenset(map(str, connection.remote_offered_capabilities or ())),
    )
