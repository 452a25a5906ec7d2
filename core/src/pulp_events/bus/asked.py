"""A query of deliveries, checked before anything is done: what is wrong with it would find nothing, or everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import EventsError
from pulp_events.system.arguments import check_written

if TYPE_CHECKING:
    from pulp_events.outbox.records import DeliveryQuery


def check_query(query: DeliveryQuery) -> None:
    """Raise EventsError unless the query can be answered."""
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.states import State

    if not isinstance(query, DeliveryQuery):
        raise EventsError(f"query={query!r:.60} is not a DeliveryQuery; give one, such as DeliveryQuery(listener_id=…)")
    if query.state is not None and query.state not in tuple(State):
        raise EventsError(f"state={query.state!r:.60} is not a state; give one of {', '.join(State)}")
    for name in ("listener_id", "notifier_type_id", "event_type", "event_id", "error"):
        if (text := getattr(query, name)) is not None:
            check_written(text, name)
