"""The deliveries of one event, of which as few are read as are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.store import CountsOfEvents, Outbox

Own = dict[str, list[Delivery]]
"""Listener id → deliveries to it, in the order in which they were stored."""


class DeliveriesOfEvent:
    """By listener. What an outbox cannot count without reading it (`CountsOfEvents`) is read at once."""

    def __init__(self, outbox: Outbox, event_id: str, most: int | None) -> None:
        """`most`: deliveries of each listener that are read; None: all."""
        self._outbox, self._event_id, self._most = outbox, event_id, most
        self._all: Own | None = None
        if isinstance(outbox, CountsOfEvents):
            self.counts: Mapping[str, int] = outbox.counts_of_event(event_id)
        else:
            self.counts = Counter(each.listener_id for each in outbox.of_event(event_id))

    def of(self, listener_ids: Sequence[str]) -> Own:
        """Those of these listeners, at most `most` of each; in few questions, however many listeners they are."""
        if self._most is None:
            everything = self.all()
            return {each: everything[each] for each in listener_ids if each in everything}
        there = [each for each in listener_ids if each in self.counts]
        whole = [each for each in there if self.counts[each] <= self._most]
        found: Own = {}
        if whole:
            self._read(whole, sum(self.counts[each] for each in whole), found)
        for each in there:
            if self.counts[each] > self._most:
                self._read([each], self._most, found)
        return found

    def all(self) -> Own:
        """Those of each listener, which are read once."""
        if self._all is None:
            self._all = _by_listener(self._outbox.of_event(self._event_id), {})
        return self._all

    def _read(self, listener_ids: Sequence[str], limit: int, found: Own) -> None:
        query = DeliveryQuery(event_id=self._event_id, listener_ids=listener_ids)
        _by_listener(self._outbox.find(query, limit, oldest_first=True), found)


def _by_listener(deliveries: Sequence[Delivery], found: Own) -> Own:
    for each in deliveries:
        found.setdefault(each.listener_id, []).append(each)
    return found
