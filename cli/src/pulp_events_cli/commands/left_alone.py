"""What `delivery retry` and `discard` leave alone of the deliveries that were chosen, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulp_events.outbox.states import State
from pulp_events_cli.output.streams import confirm
from pulp_events_cli.output.text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.records import DeliveryQuery


@dataclass(frozen=True)
class LeftAlone:
    """How many, by reason; None where the command does not know the reason."""

    attempted: int
    passed_over: int | None = None
    listener_deleted: int | None = None

    def for_json(self) -> dict[str, int]:
        """The counts, by the names that the output has."""
        found = {"passed_over": self.passed_over, "listener_deleted": self.listener_deleted}
        return {**{name: number for name, number in found.items() if number is not None}, "attempted": self.attempted}

    def say(self) -> None:
        """A line for each reason that there is."""
        if self.passed_over:
            many = count(self.passed_over, "delivery", "deliveries")
            confirm(f"{many} passed over: sent again before; --again sends the latest of each again")
        if self.listener_deleted:
            many = count(self.listener_deleted, "delivery is", "deliveries are")
            confirm(f"{many} left alone: no listener has the id any more")
        if self.attempted:
            confirm(f"{count(self.attempted, 'delivery is', 'deliveries are')} being attempted and left alone")


def of_retry(bus: EventBus, queries: Sequence[DeliveryQuery], again: bool) -> LeftAlone:
    """Asked for before anything is changed."""
    orphaned = [bus.deliveries.count_orphaned(query) for query in queries]
    passed_over = 0
    if not again:
        for query, gone in zip(queries, orphaned, strict=True):
            if query.state == State.DELIVERED:
                passed_over += bus.deliveries.count(query) - gone - bus.deliveries.count_retried(query)
    return LeftAlone(_attempted(bus, queries), max(0, passed_over), sum(orphaned))


def of_discard(bus: EventBus, queries: Sequence[DeliveryQuery]) -> LeftAlone:
    """Asked for before anything is changed."""
    return LeftAlone(_attempted(bus, queries))


def _attempted(bus: EventBus, queries: Sequence[DeliveryQuery]) -> int:
    return sum(
        max(0, bus.deliveries.count(query) - bus.deliveries.count_discarded(query))
        for query in queries
        if query.state == State.PENDING
    )
