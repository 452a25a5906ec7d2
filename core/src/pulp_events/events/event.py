"""`Event`: what an application announces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulp_events.frozen import freeze


@dataclass(frozen=True)
class Event:
    """Immutable; its payload and call report are JSON values and cannot be changed either.

    `id`, `time` (aware UTC) and `source` travel in headers and properties, not in the report.
    """

    event_type: str
    payload: Mapping[str, Any]
    call_report: Mapping[str, Any]
    id: str
    time: datetime
    source: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "payload", freeze(self.payload))
        object.__setattr__(self, "call_report", freeze(self.call_report))

    def report(self) -> dict[str, Any]:
        """The report that leaves: exactly `call_report`, `event_type` and `payload`."""
        return {"call_report": self.call_report, "event_type": self.event_type, "payload": self.payload}
