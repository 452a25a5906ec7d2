"""`bus.events`: the events that are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from pulp_events.errors import EventNotFound
from pulp_events.system.arguments import check_limit, check_place, check_query
from pulp_events.system.late_imports import imports_late

if TYPE_CHECKING:
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.store import Outbox
    from pulp_events.outbox.stored_event import EventQuery, StoredEvent

PAGE = 200
"""Events that are read at once; each may have a report of [events] max_event_bytes."""


class Events:
    """Questions to the outbox. Which events are stored, and how long: `[events] keep` and `keep_for`."""

    def __init__(self, outbox: Callable[[], Outbox]) -> None:
        self._outbox = outbox

    @imports_late
    def list(
        self,
        query: EventQuery | None = None,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        oldest_first: bool = False,
        where: str | None = None,
    ) -> list[StoredEvent]:
        """Events that fit, newest first unless said otherwise, at most `limit`.

        `before`, `after`: only those whose `place` is below, or above: with that of the last event, the next page.
        `where`: a JMESPath expression over the report, as the filter of a listener; only events for which it yields
        something true. Each event that fits otherwise is read for it. One on which it fails, or costs too much, is left
        out, and a warning says of how many that was. Raises InvalidConfig where it is malformed.
        """
        from itertools import islice

        check_limit(limit, "limit")
        found = self.each(query, before=before, after=after, oldest_first=oldest_first, where=where, page=limit)
        return [*islice(found, limit)]

    @imports_late
    def each(
        self,
        query: EventQuery | None = None,
        *,
        before: int | None = None,
        after: int | None = None,
        oldest_first: bool = False,
        where: str | None = None,
        page: int = PAGE,
    ) -> Iterator[StoredEvent]:
        """The same, all of them one by one; `page`: how many are read at once, at most PAGE."""
        from pulp_events.listeners.filters import Search
        from pulp_events.outbox.stored_event import EventQuery

        check_query(query, EventQuery)
        check_place(before, "before")
        check_place(after, "after")
        search = None if where is None else Search(where)
        asked, size = query or EventQuery(), PAGE if where is not None else max(1, min(page, PAGE))

        def pages() -> Iterator[StoredEvent]:
            low, high = after, before
            try:
                while found := self._outbox().events(asked, size, before=high, after=low, oldest_first=oldest_first):
                    for each in found:
                        if search is None or search.finds(each.body()):
                            yield each
                    if len(found) < size:
                        return
                    low, high = (found[-1].place, high) if oldest_first else (low, found[-1].place)
            finally:
                if search is not None:
                    search.sum_up()

        return pages()

    def get(self, event_id: str) -> StoredEvent:
        """One event; raises EventNotFound."""
        found = self._outbox().event(event_id)
        if found is None:
            raise EventNotFound(f"no stored event has the id {event_id!r}; `pulp-admin event list` shows them")
        return found

    def deliveries(self, event_id: str) -> Sequence[Delivery]:
        """Its deliveries, in the order in which they were stored."""
        return self._outbox().of_event(event_id)
