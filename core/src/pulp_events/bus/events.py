"""`bus.events`: the events that are stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pulp_events.errors import EventNotFound
from pulp_events.system.arguments import check_limit
from pulp_events.system.late_imports import imports_late

if TYPE_CHECKING:
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.store import Outbox
    from pulp_events.outbox.stored_event import EventQuery, StoredEvent


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
    ) -> list[StoredEvent]:
        """Events that fit, newest first unless said otherwise, at most `limit`.

        `before`, `after`: only those whose `place` is below, or above: with that of the last event, the next page.
        """
        from pulp_events.outbox.stored_event import EventQuery

        check_limit(limit, "limit")
        asked = query or EventQuery()
        return [*self._outbox().events(asked, limit, before=before, after=after, oldest_first=oldest_first)]

    def get(self, event_id: str) -> StoredEvent:
        """One event; raises EventNotFound."""
        found = self._outbox().event(event_id)
        if found is None:
            raise EventNotFound(f"no stored event has the id {event_id!r}; `pulp-admin event list` shows them")
        return found

    def deliveries(self, event_id: str) -> Sequence[Delivery]:
        """Its deliveries, in the order in which they were stored."""
        return self._outbox().of_event(event_id)
