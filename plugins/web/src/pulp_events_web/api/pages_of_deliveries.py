"""A page of deliveries, which goes on also where the last one of the page before was deleted with its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulp_events import EventBus
from pulp_events.bus.looking import Looked
from pulp_events.errors import EventNotFound
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import DeliveryQuery
from pulp_events_web.api import paging
from pulp_events_web.looking import looked
from pulp_events_web.shown.deliveries import shown_all

_ANY_NUMBER = 999_999_999
"""Above the number of any delivery of an event."""


def page_of_deliveries(bus: EventBus, asked: DeliveryQuery, page: Mapping[str, Any]) -> Any:
    """The answer: newest first. `page`: `limit` and `cursor`, as `paging.paged(str, int)` loads them."""
    limit, cursor = page["limit"], page["cursor"]
    begin = None if cursor is None or cursor[0] else cursor[1]
    before = None if begin is not None else _before(bus, cursor)
    found: Looked[Delivery] = Looked(())
    if cursor is None or before is not None or begin is not None:
        found = looked(
            lambda most, place, seconds: bus.deliveries.look(
                asked, limit=most, before=before, place=begin if place is None else place, seconds=seconds
            ),
            limit + 1,
        )

    def key(last: Delivery) -> Sequence[str | int]:
        try:
            place = bus.events.get(last.event_id).place
        except EventNotFound:  # deleted since
            place = 0
        return last.id, place

    return paging.page_of_looked(found, limit, key, lambda place: ("", place), lambda kept: shown_all(bus, kept))


def _before(bus: EventBus, cursor: Sequence[Any] | None) -> str | None:
    """The id of a delivery that the page is behind; None: there is none left behind it."""
    if cursor is None:
        return None
    delivery_id, place = cursor
    try:
        bus.events.get(str(delivery_id).rpartition(".")[0])
        return str(delivery_id)
    except EventNotFound:
        older = bus.events.list(limit=1, before=place)
        return f"{older[0].id}.{_ANY_NUMBER}" if older else None
