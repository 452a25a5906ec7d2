"""`OwnDeliveries`: what a process delivers that leaves everything else to others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import NewEvent

MOST_NAMED = 500
"""Deliveries of a listener that a claim names."""


class OwnDeliveries:
    """Ids of deliveries by listener, in emit order, until they are known to be done. The scheduler's lock guards it."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, None]] = {}

    def add(self, events: Iterable[NewEvent]) -> None:
        """These events were stored here."""
        for event in events:
            for n, delivery in enumerate(event.deliveries):
                if delivery.skip is None:
                    self._ids.setdefault(delivery.listener_id, {})[f"{event.id}.{n}"] = None

    def adopt(self, deliveries: Iterable[Delivery]) -> None:
        """These were stored earlier, by whomever, and are to be made here as well."""
        for each in deliveries:
            self._ids.setdefault(each.listener_id, {})[each.id] = None

    @property
    def listeners(self) -> list[str]:
        """Listeners of which some are not done."""
        return list(self._ids)

    @property
    def all(self) -> list[str]:
        """Those that are not known to be done."""
        return [each for ids in self._ids.values() for each in ids]

    def of(self, listener_id: str) -> Sequence[str]:
        """Those of a listener that a claim is to ask for."""
        return tuple(islice(self._ids.get(listener_id, ()), MOST_NAMED))

    def done(self, listener_id: str, ids: Iterable[str]) -> None:
        """Nothing is pending of these any more."""
        left = self._ids.get(listener_id, {})
        for each in ids:
            left.pop(each, None)
        if not left:
            self._ids.pop(listener_id, None)

    def later(self, listener_id: str, delivery_id: str) -> None:
        """This one is to be tried again: the others are asked for first."""
        left = self._ids.get(listener_id, {})
        if delivery_id in left:
            del left[delivery_id]
            left[delivery_id] = None
