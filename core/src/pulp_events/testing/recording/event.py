"""`EmittedEvent`: one event of a recording."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.stored_event import StoredEvent


@dataclass(frozen=True)
class EmittedEvent:
    """An event as its receivers would get it."""

    event_type: str
    payload: Mapping[str, Any]
    """As JSON has it, with what plugins made of it: times are text, tuples are lists."""
    call_report: Mapping[str, Any]
    id: str
    time: datetime
    """Aware UTC."""
    source: str
    scope: str | None
    report: bytes
    """The body that would leave."""
    deliveries: Sequence[Delivery]
    """Those that would have been made, one for each target of each listener that the test created."""


def as_received(stored: StoredEvent, deliveries: Sequence[Delivery]) -> EmittedEvent:
    """What a receiver would get of a stored event."""
    body = json.loads(stored.report)
    return EmittedEvent(
        stored.event_type, body["payload"], body["call_report"], stored.id, stored.time, stored.source, stored.scope,
        stored.report, tuple(deliveries),
    )  # fmt: skip
