"""What happened lately and what waits, by listener, as `bus.deliveries` counts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.outbox.states import State
from pulp_events_cli.top.model import Figures, Worker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pulp_events.bus.event_bus import EventBus


def figures(bus: EventBus, span: float) -> tuple[Figures, Mapping[str, Figures]]:
    """Those of all deliveries, and those of each listener that has any; `span`: seconds."""
    stats = bus.deliveries.stats()
    by = {
        listener_id: Figures(counts[State.PENDING], 0, None, 0, 0, counts[State.DEAD], span)
        for listener_id, counts in stats.by_listener.items()
    }
    return Figures(stats.pending, 0, stats.oldest_pending, 0, 0, stats.dead, span), by


def workers(bus: EventBus) -> Sequence[Worker]:
    """The processes that make deliveries."""
    return []
