"""`bus.events`: the events that are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from pulp_events.errors import EventNotFound
from pulp_events.system.arguments import check_limit, check_place, check_query, check_seconds
from pulp_events.system.late_imports import imports_late

if TYPE_CHECKING:
    from pulp_events.bus.looking import Looked
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.erasure import Erased, Erasure, ErasureResult
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
    def look(
        self,
        query: EventQuery | None = None,
        *,
        limit: int = 50,
        before: int | None = None,
        seconds: float = 1.0,
    ) -> Looked[StoredEvent]:
        """The same as `list`, newest first, but it ends after some `seconds`, and says how far back it looked: see
        `Looked`. To go on, give as `before` the `place` of the answer, or that of its last event if it has none."""
        from pulp_events.bus.looking import look_for_events
        from pulp_events.outbox.stored_event import EventQuery

        check_query(query, EventQuery)
        check_limit(limit, "limit")
        check_place(before, "before")
        check_seconds(seconds, "seconds")
        return look_for_events(self._outbox(), query or EventQuery(), limit, before, seconds)

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

    def erase(
        self,
        query: EventQuery | None = None,
        *,
        where: str | None = None,
        all_events: bool = False,
        by: str | None = None,
        dry_run: bool = False,
        progress: Callable[[Erased], bool] | None = None,
        timeout: float = 30.0,
    ) -> ErasureResult:
        """Remove what the events that fit hold, of those that are stored now; see `Outbox.erase`.

        It goes on in small steps while others emit and deliver. Then the store's files are rid of what is left in
        them, which holds up all who write for as long as that takes, and is done also where no event fits: of one that
        was deleted earlier, copies may be left there. Ended in between, at whatever moment, the same call goes on.

        Without a condition, in `where` or in the query, it raises EventsError unless `all_events` says that all events
        are meant; it raises it too if both are given.

        `where`: as of `list`, but no message quotes it. An event on which it fails stays as it is: `failed` in the
        result says how many there were, and a remark why. So does one whose scope is not known, where the query asks
        for one: `scope_unknown`. Raises InvalidConfig where `where` is malformed. `by`: who asks for it, for the
        record; the user of this process if not given. The record has the values in `where` masked.
        `dry_run`: only count. `progress(erased so far)` is called after each step, and ends it there by returning True.
        `timeout`: seconds to wait for those who keep the files from being rid of it; then StoreBusy is raised, which
        says who.
        """
        from dataclasses import replace

        from pulp_events.bus.erasing import asked, check_chosen, erase, with_failures, with_unknown_scopes
        from pulp_events.listeners.filters import Search
        from pulp_events.outbox.stored_event import EventQuery
        from pulp_events.system.who import user_and_program

        check_query(query, EventQuery)
        check_chosen(query, where, all_events)
        search = None if where is None else Search(where, hidden=True)
        outbox = self._outbox()
        newest = outbox.events(EventQuery(), 1)
        # Of what is emitted from now on nobody said that it is to be erased, and it might never end.
        before = newest[0].place + 1 if newest else 0
        query = query or EventQuery()
        left = (each for each in self.each(query, before=before, oldest_first=True) if each.erased is None)
        ids = (each.id for each in left if search is None or search.finds(each.body()))
        erasure = None if dry_run else outbox.begin_erasure(by or user_and_program(), asked(query, where))
        result = with_failures(erase(outbox, ids, erasure, progress, timeout), search)
        if result.interrupted or not (query.scope is not None or query.without_scope):
            return result
        doubtful = replace(query, scope=None, without_scope=False, scope_unknown=True)
        unknown = (each for each in self.each(doubtful, before=before) if each.erased is None)
        again = None if where is None else Search(where, hidden=True)
        count = sum(again is None or again.finds(each.body()) for each in unknown)
        # One on which the expression fails may be meant, too.
        return with_unknown_scopes(result, count + (0 if again is None else again.failed))

    def erasures(self, limit: int = 50) -> list[Erasure]:  # type: ignore[valid-type]
        """The records of what was erased, newest first."""
        check_limit(limit, "limit")
        return [*self._outbox().erasures(limit)]

    def get(self, event_id: str) -> StoredEvent:
        """One event; raises EventNotFound."""
        found = self._outbox().event(event_id)
        if found is None:
            raise EventNotFound(f"no stored event has the id {event_id!r}; `pulp-admin event list` shows them")
        return found

    def deliveries(self, event_id: str) -> Sequence[Delivery]:
        """Its deliveries, in the order in which they were stored."""
        return self._outbox().of_event(event_id)
