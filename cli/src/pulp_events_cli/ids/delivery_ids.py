"""Deliveries by what the command line calls them: by their ids, beginnings of these, or the ids of their events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import DeliveryNotFound
from pulp_events_cli.ids import prefixes

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.delivery import Delivery

RECENT = 500
"""How many of the newest deliveries are searched for one whose id begins so, or is like it."""


def find(bus: EventBus, text: str) -> Delivery:
    """The delivery with this id, the only one of the event with this id, or the only recent one whose id begins so.

    Raises UsageError if several do, DeliveryNotFound if none does.
    """
    try:
        return bus.deliveries.get(text)
    except DeliveryNotFound:
        of_event = {delivery.id: delivery for delivery in bus.outbox.of_event(text)}
        known = of_event or {delivery.id: delivery for delivery in bus.deliveries.list(limit=RECENT)}
        found = prefixes.pick(text, known, "deliveries")
        if found is None:
            hint = prefixes.hint(text, known, "delivery list")
            raise DeliveryNotFound(f"no delivery has the id {text!r:.60}{hint}") from None
        return known[found]
