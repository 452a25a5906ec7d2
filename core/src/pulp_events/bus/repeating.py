"""What `bus.deliveries.retry` takes, and how what was delivered is delivered once more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import Addition


def eligible(query: DeliveryQuery, again: bool, now: datetime) -> DeliveryQuery:
    """Of what the query asks for, that which can be delivered again."""
    query = replace(query, erased=False)
    if query.state == State.DELIVERED:
        # Where a repeat is there, it is what counts: had it been delivered, it would be repeated, not the old one.
        return replace(query, has_repeat=False, is_repeat=query.is_repeat if again else False)
    if query.state == State.PENDING:
        return replace(query, waiting_at=now)
    return replace(query, state=State.DEAD)


def repeat(outbox: Outbox, query: DeliveryQuery, again: bool, page_size: int) -> Iterator[int]:
    """Add a repeat of each delivery that fits, a page at a time, the oldest first; yields how many each had."""
    query = replace(query, has_repeat=False, is_repeat=query.is_repeat if again else False)
    last: str | None = None
    made: set[str | None] = set()
    while page := outbox.find(query, page_size, after=last, oldest_first=True):
        last = page[-1].id
        # A repeat stands after what it repeats; one of ours may have been delivered by now.
        chosen = [each for each in page if each.id not in made]
        added = outbox.add_deliveries(
            [Addition(each.event_id, each.listener_id, each.target, repeat_of=each.id) for each in chosen]
        )
        made = set(added)
        if count := sum(each is not None for each in added):
            yield count
        if len(page) < page_size:
            return
