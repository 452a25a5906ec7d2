"""`bus.explain_event`: why a stored event went, or did not go, to each listener as the listeners then were."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import overload

from pulp_events.bus.deliveries_of_event import DeliveriesOfEvent
from pulp_events.bus.emitter import Emitter
from pulp_events.bus.explanation import NO, explain
from pulp_events.listeners.hearing import NOT_KNOWN, hears, is_in_doubt, why_not
from pulp_events.listeners.history import ListenerChange
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import State
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events.system.clock import iso_z

PAGE = 200
"""Explanations that are made at once where all are gone through."""
UNKNOWN = "unknown"
CREATED = "created"
_RECORDED = ("disabled", "muted")
"""Causes for which there is a delivery all the same, dead at once."""


@dataclass(frozen=True)
class PastExplanation:
    """What one event was to become for one listener, and what became of it."""

    listener_id: str
    listener: Listener | None
    """The record as it was when the event was emitted, secrets masked where it has changed since; as it became first,
    if it was created later; None: nothing is known of it."""

    gets: str
    """As of `Explanation`; `unknown` where nothing is known of the listener."""
    cause: str
    """As of `Explanation`; `created`: the listener was created later; `unknown`."""
    reason: str
    """The same in words."""

    deliveries: Sequence[Delivery]
    """What is still stored of it, which is what really happened; as many as were asked for."""
    changed: Sequence[ListenerChange]
    """What was done to the listener since, the oldest change first."""
    doubt: str = ""
    """Why the record may not be the one that held then; empty if it is."""
    delivery_count: int = 0
    """How many deliveries are stored of it."""


class PastExplanations(Sequence[PastExplanation]):
    """An explanation for each listener that there was, and for each that has a delivery; those that have come first,
    and each of the two parts is in the order of their ids, which nothing that is done meanwhile changes.

    Each is made when it is asked for: a page of many listeners takes no longer than one of few.
    """

    def __init__(
        self,
        event: StoredEvent,
        deliveries: DeliveriesOfEvent,
        listeners: Sequence[Listener],
        changes: Sequence[ListenerChange] | None,
        emitter: Emitter,
    ) -> None:
        """`listeners`: those of now; `changes`: all since the event, the oldest first; None: no history is kept."""
        self._event = event
        self._emitter = emitter
        self._known = changes is not None
        self._now = {listener.id: listener for listener in listeners}
        self._since: dict[str, list[ListenerChange]] = {}
        for change in changes or ():
            self._since.setdefault(change.listener_id, []).append(change)
        self._deliveries, counts = deliveries, deliveries.counts
        everyone = {*self._now, *self._since, *counts}
        there = [each for each in everyone if each in self._now or each in counts or not self._came_later(each)]
        self._ids = sorted(there, key=self.key_of)

    @property
    def with_deliveries(self) -> int:
        """How many have deliveries: the first ones."""
        return len(self._deliveries.counts)

    def key_of(self, listener_id: str) -> tuple[bool, str]:
        """What the explanations are ordered by."""
        return listener_id not in self._deliveries.counts, listener_id

    def after(self, key: tuple[bool, str] | None, limit: int) -> list[PastExplanation]:
        """At most `limit` of them, behind that of this key, whether there is one or not; None: the first ones."""
        begin = 0 if key is None else bisect_right(self._ids, key, key=self.key_of)
        return self[begin : begin + limit]

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> PastExplanation: ...
    @overload
    def __getitem__(self, index: slice) -> list[PastExplanation]: ...
    def __getitem__(self, index: int | slice) -> PastExplanation | list[PastExplanation]:
        found = self._ids[index]
        return self._of([found])[0] if isinstance(found, str) else self._of(found)

    def __iter__(self) -> Iterator[PastExplanation]:
        for begin in range(0, len(self), PAGE):
            yield from self[begin : begin + PAGE]

    def of_those(self, *listener_ids: str) -> list[PastExplanation]:
        """The explanations of these listeners, as far as there are any."""
        return self._of([each for each in self._ids if each in listener_ids])

    def _of(self, listener_ids: Sequence[str]) -> list[PastExplanation]:
        own, counts = self._deliveries.of(listener_ids), self._deliveries.counts
        made = (
            _explain(
                each, self._event, self._now, self._since.get(each, []), own.get(each, []), self._emitter,
                known=self._known,
            )
            for each in listener_ids
        )  # fmt: skip
        return [replace(each, delivery_count=counts.get(each.listener_id, 0)) for each in made]

    def _came_later(self, listener_id: str) -> bool:
        later = self._since.get(listener_id, ())
        return _then(listener_id, self._event.time, self._now, later)[1] is not None


def _explain(
    listener_id: str,
    event: StoredEvent,
    now: Mapping[str, Listener],
    later: Sequence[ListenerChange],
    deliveries: Sequence[Delivery],
    emitter: Emitter,
    known: bool,
) -> PastExplanation:
    then, created = _then(listener_id, event.time, now, later)
    if created is not None:
        reason = f"it was created at {iso_z(created)}, after the event{_later(CREATED, deliveries)}"
        return PastExplanation(listener_id, then, NO, CREATED, reason, deliveries, later)
    if then is None:
        reason = "the listener was deleted, and its history is not kept any more"
        return PastExplanation(listener_id, None, UNKNOWN, UNKNOWN, reason, deliveries, later)
    judged = explain(
        _judged(then, event, bool(deliveries)),
        event.event,
        emitter,
        None,
        event.time.timestamp(),
        None if is_in_doubt(then, event) or (deliveries and hears(then, event)) else why_not(then, event),
    )
    doubt = _doubt(then, event, known)
    if event.erased is not None and then.filter is not None and judged.gets != NO:
        reason = f"its filter {then.filter} cannot be applied: the event was erased at {iso_z(event.erased)}"
        return PastExplanation(listener_id, then, UNKNOWN, UNKNOWN, reason, deliveries, later, doubt)
    if is_in_doubt(then, event) and judged.gets != NO and not deliveries:
        return PastExplanation(listener_id, then, UNKNOWN, UNKNOWN, NOT_KNOWN, deliveries, later, doubt)
    reason = judged.reason if doubt or judged.gets != NO else judged.reason + _later(judged.cause, deliveries)
    return PastExplanation(listener_id, then, judged.gets, judged.cause, reason, deliveries, later, doubt)


def _judged(then: Listener, event: StoredEvent, delivered: bool) -> Listener:
    """The record to judge by: of an event that was erased, nothing is left that a filter could look at; and what a
    filter says of an event that may be another's tells of its payload."""
    if event.erased is not None or (is_in_doubt(then, event) and not delivered):
        return replace(then, filter=None)
    return then


def _later(cause: str, deliveries: Sequence[Delivery]) -> str:
    """Why there are deliveries of an event that was not for the listener when it was emitted; empty if there are none.

    Nothing else adds a delivery later than a backfill does. What is skipped or dropped is recorded as dead at once, and
    only an administrator changes that.
    """
    if cause in _RECORDED:
        return "; it was retried later" if any(each.state != State.DEAD for each in deliveries) else ""
    return "; a backfill gave it the event later" if deliveries else ""


def _then(
    listener_id: str, moment: datetime, now: Mapping[str, Listener], later: Sequence[ListenerChange]
) -> tuple[Listener | None, datetime | None]:
    """The record as it was at a moment, and when it was created if that was later."""
    present = now.get(listener_id)
    if later:
        try:
            then = later[0].listener_before()
        except ValueError:  # written by a newer release
            return None, None
        if then is None:
            return present, later[0].time
        return then, None
    if present is not None and present.created > moment:
        return present, present.created
    return present, None


def _doubt(then: Listener, event: StoredEvent, known: bool) -> str:
    if then.updated <= event.time:
        return ""
    how = "before its history was kept" if known else "and the store keeps no history"
    return f"it was changed at {iso_z(then.updated)}, after the event, {how}: this is its record since"
