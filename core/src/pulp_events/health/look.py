"""One look at all of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError
from pulp_events.health.answer import ALL, Aspect, ServiceHealth, Trouble
from pulp_events.health.broken_records import BrokenRecords
from pulp_events.health.disabling import disabled_by_hand
from pulp_events.health.going_well import Listeners
from pulp_events.health.processes import Processes
from pulp_events.health.room import Level, rooms
from pulp_events.listeners.store import ChecksWriting, ListenerHistory
from pulp_events.outbox.sqlite import aside

if TYPE_CHECKING:
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.outbox.records import Stats

RECENT = 600.0
"""Seconds for which it is told that events were dropped."""
PATIENCE = 60.0
"""Seconds for which a delivery may be overdue, or a listener fail, before it is worth a word."""
KEY = "health"
"""The note that is written to see whether the outbox can be."""
_NOBODY = "0" * 24


def aspects_of(names: Collection[Aspect | str] | None) -> frozenset[Aspect]:
    """What is asked for; None: all. Raises EventsError."""
    if names is None:
        return ALL
    try:
        return frozenset(Aspect(each) for each in names)
    except ValueError:
        raise EventsError(f"aspects={[*names]!r:.60} is not valid; give some of {', '.join(Aspect)}") from None


class Look:
    """One look; what it finds is kept in it. `bus`: an `EventBus`.

    `outbox_file`: where an embedded outbox is, or would be.
    """

    def __init__(
        self,
        bus: Any,
        store: ListenerStore,
        broken: BrokenRecords,
        outbox_file: Path,
        processes: Processes,
        max_pending: int | None,
        patience: float,
    ) -> None:
        self._bus = bus
        self._store = store
        self._broken = broken
        self._outbox_file = outbox_file
        self._processes = processes
        self._max_pending = max_pending
        self._listeners = Listeners((), 0.0, patience)
        self._patience = patience
        self._stats: Stats | None = None

    def answer(self, asked: frozenset[Aspect]) -> ServiceHealth:
        """Everything that was asked for."""
        troubles: list[Trouble] = []
        for aspect, look in ((Aspect.LIVE, self._live), (Aspect.READY, self._ready), (Aspect.DEGRADED, self._degraded)):
            if aspect in asked:
                found = list(look())
                troubles += found
                if aspect == Aspect.READY and found and Aspect.DEGRADED in asked:
                    break  # it would say the same again
        wrong = {each.aspect for each in troubles}
        stats, late = self._stats, self._listeners.late
        processes, listeners = self._processes, self._listeners
        return ServiceHealth(
            live=Aspect.LIVE not in wrong if Aspect.LIVE in asked else None,
            ready=Aspect.READY not in wrong if Aspect.READY in asked else None,
            degraded=Aspect.DEGRADED in wrong if Aspect.DEGRADED in asked else None,
            troubles=tuple(troubles),
            processes=tuple(processes.found),
            delivering=len(processes.delivering),
            gone=processes.gone,
            last_seen=processes.last_seen,
            listeners=len(listeners.all),
            failing=len(listeners.failing),
            disabled=len(listeners.disabled),
            pending=0 if stats is None else stats.pending,
            dead=0 if stats is None else stats.dead,
            oldest_pending=None if stats is None else stats.oldest_pending,
            overdue=0 if late is None else late.count,
            overdue_for=0.0 if late is None else late.longest,
        )

    def _live(self) -> Iterator[Trouble]:
        timeout = float(self._bus.settings.section("storage")["timeout"])
        return self._processes.troubles(self._bus.own_silence, timeout)

    def _ready(self) -> Iterator[Trouble]:
        try:
            self._read_listeners()
            # Each locks, and is about to write; nothing is changed.
            if isinstance(self._store, ChecksWriting):
                self._store.check_writing()
            elif isinstance(self._store, ListenerHistory):
                self._store.edit_one(_NOBODY, lambda edit: None)
            else:
                self._store.edit(lambda edit: None)
        except EventsError as error:
            yield Trouble(Aspect.READY, "listeners", f"the listeners cannot be read and written: {error}")
        try:
            self._stats = self._bus.outbox.stats()
            self._bus.outbox.note(KEY, f"{self._bus.clock.time():.0f}")
        except EventsError as error:
            yield Trouble(Aspect.READY, "outbox", f"the outbox cannot be read and written: {error}")

    def _degraded(self) -> Iterator[Trouble]:
        bus, processes = self._bus, self._processes
        try:
            processes.read()
            if self._stats is None:
                self._read_listeners()
                self._stats = bus.outbox.stats()
            stats, listeners = self._stats, self._listeners
            yield from listeners.overdue(bus.outbox, stats, processes.delivering, bus.plugins, bus.settings)
            yield from listeners.failures(bus.outbox.health(), partial(disabled_by_hand, self._store))
            for text in self._broken.texts():
                yield Trouble(Aspect.DEGRADED, "broken", text)
            if self._max_pending is not None and stats.pending > self._max_pending:
                text = f"{stats.pending} deliveries are pending, which is more than {self._max_pending}"
                yield Trouble(Aspect.DEGRADED, "backlog", f"{text}; see `pulp-admin event delivery stats`")
            events = bus.settings.section("events")
            free = bus.outbox.free_space() if events["min_free_disk"] is not None else None
            for room in rooms(events, stats.pending, free):
                if room.level != Level.OK:
                    yield Trouble(Aspect.DEGRADED, "limits", room.text)
            yield from _dropped(stats, bus.clock.time())
            for path in aside.unrecovered(self._outbox_file):
                yield Trouble(Aspect.DEGRADED, "set-aside", aside.text(path))
        except EventsError as error:
            yield Trouble(Aspect.DEGRADED, "outbox", f"not everything could be looked at: {error}")

    def _read_listeners(self) -> None:
        self._listeners = Listeners(list(self._bus.listeners.list()), self._bus.clock.time(), self._patience)


def _dropped(stats: Stats, now: float) -> Iterator[Trouble]:
    recent = [each for each in stats.dropped if now - each.last.timestamp() < RECENT]
    if recent:
        names = ", ".join(each.event_type for each in recent[:3]) + ", …" * (len(recent) > 3)
        text = f"events were dropped within {RECENT / 60:g} minutes ({names}); see the log of the application"
        yield Trouble(Aspect.DEGRADED, "dropped", text)
