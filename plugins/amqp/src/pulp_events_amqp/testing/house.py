"""`House`: the broker as its connections and links know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pulp_events_amqp.testing.faults import Faults
from pulp_events_amqp.testing.manners.base import Manner
from pulp_events_amqp.testing.nodes import Nodes


class House(Protocol):
    """What all connections share."""

    manner: Manner
    users: dict[str, str]
    idle_timeout: float
    faults: Faults
    nodes: Nodes
    authentications: list[tuple[str, str]]
    hostnames: list[str]

    def publish(self, exchange: str, key: str | None, encoded: bytes, capabilities: Sequence[str] = ()) -> str:
        """Take a message in; its outcome. Raises Refusal."""
