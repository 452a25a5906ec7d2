"""`bus.backtest`: which stored events a listener would be sent, beside its deliveries. Nothing leaves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pulp_events.bus.audience import passes_filter
from pulp_events.bus.deliveries import Deliveries
from pulp_events.bus.events import Events
from pulp_events.bus.preview import Previews
from pulp_events.bus.scopes import stored_for
from pulp_events.listeners.hearing import hears, is_in_doubt, may_get
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import State
from pulp_events.outbox.stored_event import EventQuery, StoredEvent
from pulp_events.outbox.window import MOST_DELIVERIES, window_of

PAGE = 500
"""Deliveries, or events, that are read at once."""
MOST_IN_PREVIEW = 1000
"""Events that are kept for the preview of one digest."""
_OPEN = 2
"""Windows to which an event may still be added: those of different processes are stored a little out of order."""


class Verdict(StrEnum):
    """How what would be sent and what was compare, for one event."""

    BOTH = "both"
    """It would be sent, and has a delivery for each target."""
    ADDED = "added"
    """It would be sent, and has no delivery, or not for all of the targets."""
    DROPPED = "dropped"
    """It has a delivery, and would not be sent, or not to all of the targets."""
    MOVED = "moved"
    """It would be sent to other targets than those of its deliveries."""


@dataclass(frozen=True)
class Tested:
    """One event that would be sent, or has a delivery."""

    event_id: str
    event_type: str
    time: datetime
    would: tuple[str, ...]
    """Targets that it would be sent to."""
    sent: tuple[str, ...]
    """Targets for which it has a delivery, of whatever state."""
    states: tuple[State, ...] = ()
    """The state for each target in `sent`: of its newest delivery, or `delivered` if one of them is."""

    @property
    def verdict(self) -> Verdict:
        """How the two compare."""
        would, sent = set(self.would), set(self.sent)
        if would == sent:
            return Verdict.BOTH
        if would >= sent:
            return Verdict.ADDED
        return Verdict.DROPPED if would <= sent else Verdict.MOVED


@dataclass(frozen=True)
class Preview:
    """A message that would be sent."""

    target: str
    event_ids: tuple[str, ...]
    """What is in it; several where a window's events leave together, then at most a thousand of them."""
    text: str | None
    """As the notifier renders it; None: the report as it is."""
    failed: bool = False
    """It cannot be rendered; `text` says why."""


@dataclass
class Backtest:
    """What was found."""

    listener: Listener
    """The record that was tested."""
    looked_at: int = 0
    """Stored events of its event types and scope."""
    counts: Counter[Verdict] = field(default_factory=Counter)
    """How many events there are of each verdict."""
    erased: int = 0
    """Events that are left out, as they were erased: nothing is left to look at or to send."""
    scope_unknown: int = 0
    """Events that are left out although there is a delivery: which scope they had is not known, as an earlier release
    stored them."""
    other_scopes: int = 0
    """Of a listener of an untrusted author: events that are left out although there is a delivery, which it may not get
    any more, as its scope or author was changed."""
    older: int = 0
    """How many of those that would be sent were emitted before the listener was created."""
    messages: int = 0
    """How many messages would be sent: one for each event and target or, with a window, one for each window."""
    failing: int = 0
    """How many of them cannot be rendered; 0 without previews."""
    tested: list[Tested] = field(default_factory=list)
    """The events, at most as many of each verdict as were asked for, the oldest first."""
    previews: list[Preview] = field(default_factory=list)
    """The first messages, at most as many as were asked for."""


def backtest(
    listener: Listener,
    since: datetime | None,
    until: datetime | None,
    sample: int | None,
    events: Events,
    deliveries: Deliveries,
    window: float | None,
    previews: Previews | None,
) -> Backtest:
    """Run through the stored events. `sample`: most that is kept of each kind; None: all. `previews`: None for none."""
    found = Backtest(listener)
    sent = _sent(listener, since, until, deliveries)
    messages = _Messages(found, window, sample, previews)
    query = stored_for(listener, since, until)
    for event in events.each(query, oldest_first=True):
        if not may_get(listener, event):
            continue
        found.looked_at += 1
        if event.erased is not None:
            found.erased += 1
            sent.pop(event.id, None)
            continue
        would = listener.targets if passes_filter(listener, event.body()) else ()
        _note(found, event, would, sent.pop(event.id, {}), sample)
        if would:
            messages.add(event)
            found.older += event.time < listener.created
    for event in _rest(events, list(sent)):
        if is_in_doubt(listener, event):
            found.scope_unknown += 1
            continue
        if listener.untrusted and not hears(listener, event):
            found.other_scopes += 1
            continue
        if event.erased is not None:
            found.erased += 1
            continue
        _note(found, event, (), sent[event.id], sample)
    found.tested.sort(key=lambda each: (each.time, each.event_id))
    messages.end()
    return found


def _note(
    found: Backtest, event: StoredEvent, would: Sequence[str], sent: dict[str, State], sample: int | None
) -> None:
    if not would and not sent:
        return
    states = tuple(sent[target] for target in sorted(sent))
    tested = Tested(event.id, event.event_type, event.time, tuple(would), tuple(sorted(sent)), states)
    found.counts[tested.verdict] += 1
    if sample is None or found.counts[tested.verdict] <= sample:
        found.tested.append(tested)


def _sent(
    listener: Listener, since: datetime | None, until: datetime | None, deliveries: Deliveries
) -> dict[str, dict[str, State]]:
    """Event id → target → state, of what there is a delivery for."""
    query = DeliveryQuery(listener_id=listener.id, since=since, until=until)
    found: dict[str, dict[str, State]] = {}
    before: str | None = None
    while page := deliveries.list(query, limit=PAGE, before=before):
        for each in page:
            states = found.setdefault(each.event_id, {})
            if each.state == State.DELIVERED:
                states[each.target] = each.state
            else:
                states.setdefault(each.target, each.state)
        before = page[-1].id
    return found


def _rest(events: Events, ids: list[str]) -> Iterator[StoredEvent]:
    """The events with these ids."""
    for start in range(0, len(ids), PAGE):
        yield from events.each(EventQuery(ids=ids[start : start + PAGE]), oldest_first=True)


class _Messages:
    """Counts the messages, renders each of them, and keeps the first ones."""

    def __init__(self, found: Backtest, window: float | None, sample: int | None, previews: Previews | None) -> None:
        self._found = found
        self._window = window
        self._sample = sample
        self._previews = previews
        self._sizes: Counter[int] = Counter()
        self._open: dict[int, list[StoredEvent]] = {}

    def add(self, event: StoredEvent) -> None:
        """An event that would be sent to each target."""
        if self._window is None:
            self._found.messages += len(self._found.listener.targets)
            self._render([event], 1)
            return
        key = window_of(event.time.timestamp(), self._window)
        self._sizes[key] += 1
        if self._previews is not None:
            together = self._open.setdefault(key, [])
            if len(together) < MOST_IN_PREVIEW:
                together.append(event)
            if len(self._open) > _OPEN:
                self._close(next(iter(self._open)))

    def end(self) -> None:
        """There are no more events."""
        for key in list(self._open):
            self._close(key)
        messages = sum(math.ceil(size / MOST_DELIVERIES) for size in self._sizes.values())
        self._found.messages += messages * len(self._found.listener.targets)

    def _close(self, key: int) -> None:
        self._render(self._open.pop(key), math.ceil(self._sizes[key] / MOST_DELIVERIES))

    def _render(self, events: list[StoredEvent], messages: int) -> None:
        if self._previews is None:
            return
        for target in self._found.listener.targets:
            text, failed = self._previews.of(events, target)
            self._found.failing += messages if failed else 0
            if self._sample is None or len(self._found.previews) < self._sample:
                ids = tuple(event.id for event in events)
                self._found.previews.append(Preview(target, ids, text, failed))
