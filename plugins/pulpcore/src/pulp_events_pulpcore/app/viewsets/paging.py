"""Pages of deliveries: `limit` and `offset` as everywhere in Pulp, read from the outbox page by page."""

from dataclasses import replace
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination

from pulp_events import DeliveryQuery
from pulp_events.bus.deliveries import Deliveries
from pulp_events.bus.scopes import heard_with
from pulp_events.outbox.delivery import Delivery
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.models import EventListener
from pulp_events_pulpcore.app.rest import scope_of_request

STEP = 200
"""Deliveries that are in memory at once while others are passed over."""


class DeliveryPages(LimitOffsetPagination):
    """The outbox goes on from a delivery, not from a number: what is before the offset is passed over, so the offset
    has an end; `before` is for those who want to go further."""

    default_limit = 100
    max_limit = 1000
    max_offset = 10_000

    def page_of(self, deliveries: Deliveries, query: DeliveryQuery, before: str | None, request: Any) -> list[Delivery]:
        """The page that the request asks for; raises ValidationError beyond the end of offsets."""
        self.request = request
        self.limit = self.get_limit(request)
        self.offset = self.get_offset(request)
        if self.offset > self.max_offset:
            raise ValidationError(
                {"offset": [f"At most {self.max_offset}; give until, or before: the id of the last one that you have."]}
            )
        nothing = query.listener_ids is not None and not query.listener_ids
        self.count = 0 if nothing else deliveries.count(query)
        left, there = self.offset, self.offset < self.count
        while there and left:
            passed = deliveries.list(query, limit=min(STEP, left), before=before)
            there, left = bool(passed), left - len(passed)
            before = passed[-1].id if passed else before
        return deliveries.list(query, limit=self.limit, before=before) if there else []


def query_of(rows: list[EventListener], given: dict[str, Any]) -> tuple[DeliveryQuery, str | None]:
    """The query of a list of deliveries to these listeners, and what the page begins after.

    A listener of a domain may have got events of others before its scope or its author was changed: they are not there.
    Who sees an administrator's listener that gets every event sees every event.
    """
    values = {name: value for name, value in given.items() if name not in ("before", "listener")}
    query = replace(DeliveryQuery(listener_ids=[row.listener_id for row in rows]), **values)
    if all(row.pulp_domain_id is not None for row in rows):
        query = heard_with(query, scope_of_request(), _authors({row.listener_id for row in rows}))
    return query, given.get("before")


def _authors(listener_ids: set[str]) -> set[str] | None:
    """The names of those whose listeners these are; None: an administrator's is among them."""
    names = set()
    for listener in bus().listeners.list():
        if listener.id in listener_ids:
            if listener.author is None or listener.author.trusted:
                return None
            names.add(listener.author.name)
    return names
