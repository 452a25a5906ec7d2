"""`bus.backfill`: a listener gets the stored events that it would have got, had it been there.

Which deliveries are missing is worked out from the store at each run, so that one that was killed goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from pulp_events.bus.audience import passes_filter
from pulp_events.bus.scopes import stored_for
from pulp_events.listeners.hearing import may_get
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.rate import Rate
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import Addition, EventQuery, StoredEvent
from pulp_events.outbox.window import MOST_DELIVERIES, window_of
from pulp_events.system.clock import Clock, SystemClock

PAGE = 200
"""Events that are read at once, and added at once where there is no rate."""
STEP = 0.25
"""Seconds of a rate whose events are added at once."""
_LOOK = 0.2
"""Seconds of waiting after which progress is told again."""
_ALL = 1 << 62
"""A place above that of any event."""
_NOTES = "backfill "
"""What the keys of our notes in the store begin with."""


@dataclass(frozen=True, slots=True)
class Backfilled:
    """How far a backfill is."""

    added: int = 0
    """Deliveries that were added; of a dry run, that would be."""
    there: int = 0
    """Deliveries that were there already, whatever became of them."""
    expired: int = 0
    """Events that were passed over as the listener's `expires` is over."""
    unknown: int = 0
    """Events that were passed over: deliveries of theirs were deleted, and one of them may have been the listener's."""
    place: int = field(default=0, compare=False)
    """Of the last event that was looked at: another run goes on there, as `after`."""

    def plus(self, more: Backfilled) -> Backfilled:
        """Both together, at the later place."""
        counts = (getattr(self, each.name) + getattr(more, each.name) for each in fields(self) if each.compare)
        return replace(Backfilled(*counts), place=max(self.place, more.place))


class Backfill:
    """One run. Events come in the order in which they were stored."""

    def __init__(
        self,
        outbox: Outbox,
        listener: Callable[[], Listener],
        window: Callable[[Listener], float | None],
        since: datetime,
        until: datetime,
        rate: Rate | None = None,
        *,
        dry_run: bool = False,
        after: int = 0,
        on_added: Callable[[], None] = lambda: None,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`listener`: the listener as it is now, asked for again and again; it raises ListenerNotFound.

        `after`: the place where an earlier run for the same times ended; 0: from the beginning.
        """
        self._outbox = outbox
        self._listener = listener
        self._window = window
        self._since = since
        self._until = until
        self._rate = rate
        self._dry_run = dry_run
        self._place = self._page_end = after
        self._on_added = on_added
        self._clock = clock or SystemClock()
        self._monotonic = monotonic
        self._sleep = sleep
        self._listener_id = listener().id
        self._earlier = _Earlier.of(outbox, self._listener_id)
        self._next = monotonic()
        self._window_of: tuple[Listener, float | None] | None = None

    def run(self) -> Generator[Backfilled, None, None]:
        """Add what is missing, a batch at a time; yields after each, and while it waits, how far it is."""
        so_far = Backfilled(place=self._place)
        self._note(0)
        for batch in self._batches():
            missing: list[Addition] = []
            for event in batch:
                found, passed_over = self._missing(event)
                missing += found
                so_far = so_far.plus(passed_over)
            if missing and not self._dry_run:
                while (left := self._next - self._monotonic()) > 0:
                    self._sleep(min(left, _LOOK))
                    yield so_far
                listener = self._listener()  # deleted meanwhile, it gets nothing more
                heard = {event.id for event in batch if may_get(listener, event)}  # its scope may be another by now
                missing = [each for each in missing if each.event_id in heard]
                added = sum(each is not None for each in self._outbox.add_deliveries(missing))
                if added:
                    self._on_added()
                self._spend(added)
                so_far = so_far.plus(Backfilled(added=added, there=len(missing) - added))
            else:
                so_far = so_far.plus(Backfilled(added=len(missing)))
            if batch:
                self._note(batch[-1].place)
                self._place = batch[-1].place
            so_far = replace(so_far, place=self._place)
            yield so_far
        self._note(_ALL)
        yield so_far

    def _batches(self) -> Iterator[list[StoredEvent]]:
        """The events that concern the listener; an empty batch between two pages, so that nobody waits long."""
        size = PAGE if self._rate is None else max(1, min(PAGE, int(STEP / self._rate.each)))
        batch: list[StoredEvent] = []
        kind: int | None = None
        for event in self._events():
            if event is None:
                if batch and kind is None:
                    yield batch
                    batch = []
                if not batch:
                    self._place = self._page_end  # all that is before it was looked at
                yield []
                continue
            window = self._window_now()
            # What leaves together is added together, or it would leave one by one.
            own = None if window is None else window_of(event.time.timestamp(), window)
            if batch and (own != kind or len(batch) >= (size if own is None else MOST_DELIVERIES)):
                yield batch
                batch = []
            batch.append(event)
            kind = own
        if batch:
            yield batch

    def _window_now(self) -> float | None:
        listener = self._listener()
        if self._window_of is None or self._window_of[0] is not listener:  # asked for once: a notifier works it out
            self._window_of = (listener, self._window(listener))
        return self._window_of[1]

    def _events(self) -> Iterator[StoredEvent | None]:
        """Those that `emit` would have found: by type, scope and report. None after each page."""
        # A time costs the store a look at all events that it leaves out: it is asked for twice, and not for each page.
        times = EventQuery(since=self._since, until=self._until)
        first, last = (self._outbox.events(times, 1, oldest_first=oldest) for oldest in (True, False))
        if not first or not last:
            return
        place, end = first[0].place - 1, last[0].place + 1
        if self._page_end:  # not 0, which is the beginning, as events that were copied have places below it
            place = max(place, self._page_end)
        while True:
            page = self._outbox.events(stored_for(self._listener()), PAGE, after=place, before=end, oldest_first=True)
            for event in page:
                listener = self._listener()
                if not self._since <= event.time < self._until:
                    continue  # clocks step, and processes overtake each other
                if event.erased is not None or not may_get(listener, event):
                    continue
                if listener.filter is None or passes_filter(listener, event.body()):
                    yield event
            if len(page) < PAGE:
                return
            place = self._page_end = page[-1].place
            yield None

    def _missing(self, event: StoredEvent) -> tuple[Sequence[Addition], Backfilled]:
        """What is to be added, and what is not."""
        listener = self._listener()
        if listener.expires and event.time.timestamp() + listener.expires <= self._clock.time():
            return (), Backfilled(expired=1)
        deleted = event.numbers > event.deliveries
        if not event.deliveries and not deleted:
            return _additions(event, listener, ()), Backfilled()
        if not deleted and not self._dry_run:  # the store passes over what is there
            return _additions(event, listener, ()), Backfilled()
        own = {each.target for each in self._outbox.of_event(event.id) if each.listener_id == listener.id}
        there = sum(target in own for target in listener.targets)
        missing = _additions(event, listener, own)
        if missing and deleted and (event.time >= listener.created or self._earlier.reached(event)):
            return (), Backfilled(there=there, unknown=1)
        return missing, Backfilled(there=there)

    def _spend(self, added: int) -> None:
        if self._rate is not None:
            self._next = max(self._next, self._monotonic()) + added * self._rate.each

    def _note(self, place: int) -> None:
        if not self._dry_run:
            self._earlier.note(self._outbox, self._since, self._until, place)


class _Earlier:
    """What backfills of a listener offered it so far: deliveries are deleted in time, and then do not tell it."""

    def __init__(self, key: str, spans: Mapping[str, Sequence[float]]) -> None:
        self._key = key
        self._spans = spans

    @classmethod
    def of(cls, outbox: Outbox, listener_id: str) -> _Earlier:
        """From the notes in the store."""
        key = f"{_NOTES}{listener_id} "
        return cls(key, {name: json.loads(text) for name, text in outbox.notes(key).items()})

    def reached(self, event: StoredEvent) -> bool:
        """True if one came to this event."""
        when = event.time.timestamp()
        return any(since <= when < until and event.place <= place for since, until, place in self._spans.values())

    def note(self, outbox: Outbox, since: datetime, until: datetime, place: int) -> None:
        """This run came to this place."""
        span = (since.timestamp(), until.timestamp())
        name = f"{self._key}{span[0]!r} {span[1]!r}"
        before = self._spans.get(name, (0.0, 0.0, 0))
        outbox.note(name, json.dumps([*span, max(place, int(before[2]))]))


def notes_for_a_copy(outbox: Outbox) -> dict[str, str]:
    """Notes for a copy of the outbox, in which events have other places: what was begun counts as offered."""
    spans = {key: json.loads(text) for key, text in outbox.notes(_NOTES).items()}
    return {key: json.dumps([*span[:2], _ALL]) for key, span in spans.items() if span[2]}


def _additions(event: StoredEvent, listener: Listener, there: Sequence[str] | set[str]) -> list[Addition]:
    return [Addition(event.id, listener.id, target) for target in listener.targets if target not in there]
