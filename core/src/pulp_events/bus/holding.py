"""What stands in the way of deliveries that are due: circuits and pauses of dispatchers, and how a retry ends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from pulp_events.bus.repeating import eligible
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.outbox.store import Outbox

FEW = 100
"""Listeners: of more of them, only those are seen to of which the outbox was told that they are held."""


def due_but_held(outbox: Outbox, query: DeliveryQuery, now: datetime) -> int:
    """How many pending deliveries that fit are due, and only wait because their listener is held."""
    held = _held(outbox, _candidates(outbox, query, None), now)
    if not held:
        return 0
    query = replace(query, state=State.PENDING, erased=False, listener_id=None, listener_ids=held)
    return max(0, outbox.count(replace(query, free_at=now)) - outbox.count(replace(query, waiting_at=now)))


def lift(outbox: Outbox, query: DeliveryQuery, again: bool, known: Sequence[str] | None, now: datetime) -> bool:
    """End the holds of the listeners to which there is something that a retry takes; True if there are any.

    `known`: ids of all listeners.
    """
    pending = query.state == State.PENDING
    taken = replace(query, erased=False, free_at=now) if pending else eligible(query, again, now)
    candidates = _candidates(outbox, taken, known)
    if len(candidates) > FEW:
        candidates = _held(outbox, candidates, now)
    found = [each for each in candidates if outbox.find(replace(taken, listener_id=each, listener_ids=None), 1)]
    if found:
        outbox.lift(found)
    return bool(found)


def _candidates(outbox: Outbox, query: DeliveryQuery, known: Sequence[str] | None) -> list[str]:
    """Listeners that the query may be about."""
    if query.ids is not None:
        found = {each.listener_id for each in outbox.find(query, len(query.ids))} if query.ids else set()
    else:
        found = {*outbox.ready()} if query.state in (State.PENDING, None) or known is None else {*known}
    if query.listener_id is not None:
        found &= {query.listener_id}
    if query.listener_ids is not None:
        found &= {*query.listener_ids}
    return sorted(found)


def _held(outbox: Outbox, listener_ids: Sequence[str], now: datetime) -> list[str]:
    standing = outbox.standing(listener_ids) if listener_ids else {}
    return [each for each, how in standing.items() if how.hold is not None and how.hold.until > now.timestamp()]
