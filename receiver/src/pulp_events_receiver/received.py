"""`Received`: an event as it arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Received:
    """One delivery of an event, whatever transport and format it came in."""

    delivery_id: str
    """`EVENT_ID.N`: the same on every attempt, so what repeats are dropped by. Signed, if requests are."""
    event_id: str
    event_type: str
    payload: Any
    call_report: Any
    time: datetime | None = None
    """When the event was emitted, aware, if that was told. In a header of HTTP it is not covered by a signature."""
    source: str | None = None
    """Who emitted it, as a URI-reference. CloudEvents have it; reports do not."""
    trace_context: Mapping[str, str] = field(default_factory=dict)
    """`traceparent` and `tracestate`, as far as there are any. In headers, they are not covered by a signature."""

    @property
    def is_test(self) -> bool:
        """Whether `pulp-admin event listener test` sent it: nothing has happened."""
        return isinstance(self.call_report, Mapping) and self.call_report.get("test") is True
