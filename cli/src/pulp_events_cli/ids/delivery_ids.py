"""Deliveries by what the command line calls them: by their ids, short forms of these, or the ids of their events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import DeliveryNotFound
from pulp_events_cli.ids import events, prefixes

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.delivery import Delivery

RECENT = 500
"""How many of the newest deliveries are searched for one whose id begins so, or is like it."""


def find(bus: EventBus, text: str) -> Delivery:
    """The delivery with this id, the only one of the event with this id, or the only recent one whose id begins so.

    Of the event's id, which the delivery's starts with, the short form is enough: `019ac1b2.0`, as tables show it.
    Raises UsageError if several are called so, DeliveryNotFound if none is.
    """
    try:
        return bus.deliveries.get(text)
    except DeliveryNotFound:
        known = {delivery.id: delivery for delivery in bus.outbox.of_event(text)}
        if not known:
            known = {delivery.id: delivery for delivery in _numbered(bus, text)}
            if known:
                return known[prefixes.only(text, known, "deliveries")]
            known = {delivery.id: delivery for delivery in bus.deliveries.list(limit=RECENT)}
        found = prefixes.pick(text, known, "deliveries")
        if found is None:
            hint = prefixes.hint(text, known, "delivery list")
            raise DeliveryNotFound(f"no delivery has the id {text!r:.60}{hint}") from None
        return known[found]


def _numbered(bus: EventBus, text: str) -> list[Delivery]:
    """The deliveries with this number of events that are called so; of many events, some."""
    from pulp_events.outbox.records import DeliveryQuery

    begun, _, number = text.rpartition(".")
    if len(begun) < prefixes.SHORTEST or not (number.isascii() and number.isdigit()):
        return []
    found = events.called(bus, begun)
    return bus.deliveries.list(DeliveryQuery(ids=[f"{each.id}.{number}" for each in found])) if found else []
