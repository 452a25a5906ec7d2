"""`RefusedEvent`: what `emit` returns for an event that it could not emit, where it is not to raise."""

from __future__ import annotations

from dataclasses import dataclass, field

from pulp_events.events.event import Event


@dataclass(frozen=True)
class RefusedEvent(Event):
    """An event that does not exist: it was not stored, and nobody gets it. Its payload is empty if it was no JSON."""

    error: Exception | None = field(default=None, compare=False)
    """Why; what `emit` would have raised."""
