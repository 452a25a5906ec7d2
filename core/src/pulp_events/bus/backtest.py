"""`bus.backtest`: which stored events a listener would have been sent, beside those that it was. Nothing leaves."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice

from pulp_events.bus.deliveries import Deliveries
from pulp_events.bus.emitter import passes_filter
from pulp_events.bus.events import Events
from pulp_events.bus.preview import Previews
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.stored_event import EventQuery, StoredEvent
from pulp_events.outbox.window import MOST_DELIVERIES, window_of

PAGE = 500
"""Deliveries, or events, that are read at once."""
MOST_IN_PREVIEW = 1000
"""Events that are kept for the preview of one digest."""


class Verdict(StrEnum):
    """How what would be sent and what was compare, for one event."""

    BOTH = "both"
    """It would be sent, and was, to the same targets."""
    ADDED = "added"
    """It would be sent, and was not, or not to all of the targets."""
    DROPPED = "dropped"
    """It was sent, and would not be, or not to all of the targets."""
    MOVED = "moved"
    """It would be sent to other targets."""


@dataclass(frozen=True)
class Tested:
    """One event that would be sent, or was."""

    event_id: str
    event_type: str
    time: datetime
    would: tuple[str, ...]
    """Targets that it would be sent to."""
    sent: tuple[str, ...]
    """Targets for which it has a delivery, of whatever state."""

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


@dataclass
class Backtest:
    """What was found."""

    listener: Listener
    """The record that was tested."""
    looked_at: int = 0
    """Stored events of its event types."""
    counts: Counter[Verdict] = field(default_factory=Counter)
    """How many events there are of each verdict."""
    older: int = 0
    """How many of those that would be sent were emitted before the listener was created."""
    messages: int = 0
    """How many messages would be sent: one for each event and target or, with a window, one for each window."""
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
    messages = _Messages(listener.targets, window, sample if previews is not None else 0)
    query = EventQuery(list(listener.event_types), since, until)
    for event in events.each(query, oldest_first=True):
        found.looked_at += 1
        would = listener.targets if passes_filter(listener, event.body()) else ()
        _note(found, event, would, sent.pop(event.id, set()), sample)
        if would:
            messages.add(event)
            found.older += event.time < listener.created
    for event in _rest(events, list(sent)):
        _note(found, event, (), sent[event.id], sample)
    found.tested.sort(key=lambda each: (each.time, each.event_id))
    found.messages = messages.count()
    if previews is not None:
        found.previews = [
            Preview(target, tuple(event.id for event in together), previews.of(together, target))
            for target, together in islice(messages.kept(), sample)
        ]
    return found


def _note(found: Backtest, event: StoredEvent, would: Sequence[str], sent: set[str], sample: int | None) -> None:
    if not would and not sent:
        return
    tested = Tested(event.id, event.event_type, event.time, tuple(would), tuple(sorted(sent)))
    found.counts[tested.verdict] += 1
    if sample is None or found.counts[tested.verdict] <= sample:
        found.tested.append(tested)


def _sent(
    listener: Listener, since: datetime | None, until: datetime | None, deliveries: Deliveries
) -> dict[str, set[str]]:
    """Event id → targets, of what there is a delivery for."""
    query = DeliveryQuery(listener_id=listener.id, since=since, until=until)
    found: dict[str, set[str]] = {}
    before: str | None = None
    while page := deliveries.list(query, limit=PAGE, before=before):
        for each in page:
            found.setdefault(each.event_id, set()).add(each.target)
        before = page[-1].id
    return found


def _rest(events: Events, ids: list[str]) -> Iterator[StoredEvent]:
    """The events with these ids."""
    for start in range(0, len(ids), PAGE):
        yield from events.each(EventQuery(ids=ids[start : start + PAGE]), oldest_first=True)


class _Messages:
    """Counts the messages, and keeps the events of the first ones."""

    def __init__(self, targets: Sequence[str], window: float | None, sample: int | None) -> None:
        self._targets = targets
        self._window = window
        self._sample = sample
        self._sizes: Counter[object] = Counter()
        self._kept: dict[object, list[StoredEvent]] = {}

    def add(self, event: StoredEvent) -> None:
        """An event that would be sent to each target."""
        window = self._window
        key: object = event.id if window is None else window_of(event.time.timestamp(), window)
        self._sizes[key if window is not None else "each"] += 1
        if self._sample is None or len(self._kept) < self._sample or key in self._kept:
            together = self._kept.setdefault(key, [])
            if len(together) < MOST_IN_PREVIEW:
                together.append(event)

    def count(self) -> int:
        """How many messages."""
        if self._window is None:
            return self._sizes["each"] * len(self._targets)
        return sum(math.ceil(size / MOST_DELIVERIES) for size in self._sizes.values()) * len(self._targets)

    def kept(self) -> Iterator[tuple[str, list[StoredEvent]]]:
        """Target and events of each of the first messages."""
        for together in self._kept.values():
            for target in self._targets:
                yield target, together
