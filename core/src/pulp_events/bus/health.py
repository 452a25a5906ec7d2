"""`bus.health()`: whether events are delivered, for probes, monitoring and people.

Three questions, from the gravest on: does something deliver (`live`), can the stores be read and written (`ready`), and
does all of it go well (`degraded`)? The answer takes as long however many deliveries are kept.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pulp_events.bus.overdue import MOST, overdue, rules_of
from pulp_events.bus.room import Level, rooms
from pulp_events.bus.stores import outbox_path
from pulp_events.errors import EventsError
from pulp_events.listeners.store import ChecksWriting, ListenerHistory
from pulp_events.outbox.presence import SILENT, Presence
from pulp_events.outbox.sqlite import aside
from pulp_events.outbox.states import State, Word
from pulp_events.plugins.registry import FUNCTION

if TYPE_CHECKING:
    from pulp_events.bus.lifecycle import Lifecycle
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.outbox.records import Due, Health, Stats

PATIENCE = 60.0
"""Seconds for which a delivery may be overdue, or a listener fail, before it is worth a word."""
HANGS = 45.0
"""Seconds after which a dispatcher of this very process that does not turn hangs, beside the time of a store."""
KEY = "health"
"""The note that is written to see whether the outbox can be."""
_NOBODY = "0" * 24
_NAMED = 3
"""Listeners that are named, at most."""


class Aspect(Word):
    """What can be asked."""

    LIVE = "live"
    """something delivers: the dispatcher of a process turns"""

    READY = "ready"
    """the stores can be read and written"""

    DEGRADED = "degraded"
    """what works, and does not go well"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong."""

    aspect: Aspect
    code: str
    """A word for programs: `no-process`, `hanging`, `listeners`, `outbox`, `failing`, `disabled`, `overdue`, `backlog`,
    `limits`, `broken`, `no-notifier`, `set-aside`."""
    text: str
    """What is wrong, and what to do; never a secret."""


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """The answer. Of an aspect that was not asked for, or whose store cannot be read, figures are 0 or None."""

    live: bool | None = None
    """Whether a process delivers; None: not asked."""
    ready: bool | None = None
    """Whether both stores can be read and written; None: not asked."""
    degraded: bool | None = None
    """Whether something does not go well; None: not asked."""
    troubles: Sequence[Trouble] = ()
    """All that is wrong, the gravest first."""
    processes: Sequence[Presence] = ()
    """Who is at work on the outbox, and who was until killed."""
    delivering: int = 0
    """Processes that deliver."""
    gone: int = 0
    """Processes that delivered, and ended without saying so, or hang."""
    last_seen: datetime | None = None
    """When one that delivers was last heard."""
    listeners: int = 0
    failing: int = 0
    """Enabled listeners that had failures and no success for longer than a minute."""
    disabled: int = 0
    """Listeners that were disabled because they failed."""
    pending: int = 0
    dead: int = 0
    oldest_pending: datetime | None = None
    """Time of the oldest event with a pending delivery."""
    overdue: int = 0
    """Deliveries that should have been attempted a minute ago, counted up to 1001."""
    overdue_for: float = 0.0
    """Seconds since the first of them could have been."""

    @property
    def status(self) -> str:
        """`failing` (not live, or not ready), `degraded` or `ok`."""
        if self.live is False or self.ready is False:
            return "failing"
        return "degraded" if self.degraded else "ok"


ALL = frozenset(Aspect)


def health_of(
    bus: Lifecycle,
    store: ListenerStore,
    broken: BrokenRecords,
    aspects: Collection[Aspect | str] = ALL,
    *,
    host: str | None = None,
    silence: float = SILENT,
    max_pending: int | None = None,
    patience: float = PATIENCE,
) -> ServiceHealth:
    """See `EventBus.health`. `store`: the listeners'; `broken`: its records that are none."""
    try:
        asked = frozenset(Aspect(each) for each in aspects)
    except ValueError:
        raise EventsError(f"aspects={[*aspects]!r:.60} is not valid; give some of {', '.join(Aspect)}") from None
    return _Look(bus, store, broken, host, silence, max_pending, patience).answer(asked)


class BrokenRecords:
    """What is wrong with records that are no listeners, read again when any record changed."""

    def __init__(self, store: ListenerStore) -> None:
        self._store = store
        self._version: Hashable = None
        self._texts: Sequence[str] = ()

    def texts(self) -> Sequence[str]:
        """A sentence for each. Raises StoreError."""
        version = self._store.version()
        if version is None or version != self._version:
            self._texts, self._version = [*self._store.broken().values()], version
        return self._texts


class _Look:
    """One look; what it finds is kept in it."""

    def __init__(
        self,
        bus: Lifecycle,
        store: ListenerStore,
        broken: BrokenRecords,
        host: str | None,
        silence: float,
        max_pending: int | None,
        patience: float,
    ) -> None:
        self._bus = bus
        self._store = store
        self._broken = broken
        self._host = host
        self._silence = silence
        self._max_pending = max_pending
        self._patience = patience
        self._processes: list[Presence] = []
        self._listeners: list[Listener] = []
        self._stats: Stats | None = None
        self._late: Due | None = None
        self._failing: list[Listener] = []
        self._disabled: list[Listener] = []

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
        delivering = [each for each in self._processes if self._delivers(each)]
        stats, late = self._stats, self._late
        return ServiceHealth(
            live=Aspect.LIVE not in wrong if Aspect.LIVE in asked else None,
            ready=Aspect.READY not in wrong if Aspect.READY in asked else None,
            degraded=Aspect.DEGRADED in wrong if Aspect.DEGRADED in asked else None,
            troubles=tuple(troubles),
            processes=tuple(self._processes),
            delivering=len(delivering),
            gone=sum(each.delivers and not self._delivers(each) for each in self._processes),
            last_seen=max((each.last_seen for each in self._processes if each.delivers), default=None),
            listeners=len(self._listeners),
            failing=len(self._failing),
            disabled=len(self._disabled),
            pending=0 if stats is None else stats.pending,
            dead=0 if stats is None else stats.dead,
            oldest_pending=None if stats is None else stats.oldest_pending,
            overdue=0 if late is None else late.count,
            overdue_for=0.0 if late is None else late.longest,
        )

    def _delivers(self, each: Presence) -> bool:
        return each.delivers and not each.gone and each.silent <= self._silence

    def _live(self) -> Iterator[Trouble]:
        own = self._bus.own_silence
        if own is not None:
            allowed = HANGS + float(self._bus.settings.section("storage")["timeout"])
            if own > allowed:
                yield Trouble(
                    Aspect.LIVE, "hanging", f"the dispatcher of this process has hung for {_span(own)}; restart it"
                )
        try:
            self._read_processes()
        except EventsError as error:
            if own is None:
                yield Trouble(Aspect.LIVE, "no-process", f"it cannot be told whether a process delivers: {error}")
            return
        if own is not None or any(map(self._delivers, self._processes)):
            return
        here = f" on {self._host}" if self._host is not None else ""
        hanging = [each for each in self._processes if each.delivers and not each.gone]
        if hanging:
            named = ", ".join(str(each.pid) for each in hanging[:_NAMED])
            text = f"no process{here} delivers: {named} gave no sign of life for {_span(hanging[0].silent)}; restart it"
        else:
            seen = max((each.last_seen for each in self._processes if each.delivers), default=None)
            last = "" if seen is None else f" since {seen:%Y-%m-%d %H:%M:%S} UTC"
            text = f"no process{here} delivers{last}; start a worker: `pulp-admin event worker`"
        yield Trouble(Aspect.LIVE, "no-process", text)

    def _read_processes(self) -> None:
        if not self._processes:
            found = self._bus.outbox.presences()
            self._processes = [each for each in found if self._host is None or each.host == self._host]

    def _ready(self) -> Iterator[Trouble]:
        try:
            self._listeners = list(self._bus.listeners.list())
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
        bus, now = self._bus, self._bus.clock.time()
        try:
            self._read_processes()
            if self._stats is None:
                self._listeners = list(bus.listeners.list())
                self._stats = bus.outbox.stats()
            stats, served = self._stats, [each for each in self._listeners if each.enabled and not each.muted_for(now)]
            yield from self._overdue(served, now)
            yield from self._of_listeners(served, bus.outbox.health(), now)
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
            for path in aside.unrecovered(outbox_path(bus.settings, bus.data_dir)):
                yield Trouble(Aspect.DEGRADED, "set-aside", aside.text(path))
        except EventsError as error:
            yield Trouble(Aspect.DEGRADED, "outbox", f"not everything could be looked at: {error}")

    def _overdue(self, served: Sequence[Listener], now: float) -> Iterator[Trouble]:
        assert self._stats is not None
        pending = [each for each in served if self._stats.by_listener.get(each.id, {}).get(State.PENDING)]
        delivering = [each for each in self._processes if self._delivers(each)]
        types = {each for one in delivering for each in one.notifier_types} if delivering else None
        lacking: dict[str, list[Listener]] = defaultdict(list)
        here = []
        for each in pending:
            if each.notifier_type_id == FUNCTION:
                continue  # its application calls it, when it runs
            if types is not None and each.notifier_type_id not in types:
                lacking[each.notifier_type_id].append(each)
            else:
                here.append(each)
        for type_id, those in sorted(lacking.items()):
            text = f"no process that delivers has the notifier type {type_id}, so deliveries to {_named(those)} wait"
            yield Trouble(Aspect.DEGRADED, "no-notifier", f"{text}; install its plugin where workers run")
        rules = rules_of(self._bus.plugins, self._bus.settings)
        self._late = found = overdue(here, self._bus.outbox, rules, now, self._patience)
        if found.count:
            many = f"more than {MOST:,}" if found.count > MOST else f"{found.count}"
            what = f"{many} {'delivery is' if found.count == 1 else 'deliveries are'} overdue"
            text = f"{what}, the first for {_span(found.longest)}; "
            remedy = "run more workers, or raise lanes or concurrency" if delivering else "run a worker"
            yield Trouble(Aspect.DEGRADED, "overdue", text + remedy)

    def _of_listeners(self, served: Iterable[Listener], health: Mapping[str, Health], now: float) -> Iterator[Trouble]:
        longest = 0.0
        for each in served:
            found = health.get(each.id)
            since = None if found is None or not found.failures else found.failing_since
            if since is None:
                continue
            # While it was muted it could have no success.
            fails = now - max(since, each.muted_until or since).timestamp()
            if fails >= self._patience:
                self._failing.append(each)
                longest = max(longest, fails)
        self._disabled = [each for each in self._listeners if each.disabled_reason and not each.enabled]
        remedy = "see `pulp-admin event listener list` and `event delivery list`"
        if self._failing:
            which = "fails" if len(self._failing) == 1 else "fail"
            text = f"{_named(self._failing)} {which}, for {_span(longest)}"
            yield Trouble(Aspect.DEGRADED, "failing", f"{text}; {remedy}")
        if self._disabled:
            which = "was" if len(self._disabled) == 1 else "were"
            text = f"{_named(self._disabled)} {which} disabled for failing"
            yield Trouble(Aspect.DEGRADED, "disabled", f"{text}; fix the endpoint, then `event listener enable`")


def own_host() -> str:
    """What this machine, or container, calls itself, as heartbeats do."""
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def _named(listeners: Sequence[Listener]) -> str:
    names = ", ".join(each.name or each.id for each in listeners[:_NAMED])
    more = len(listeners) - _NAMED
    noun = "listener" if len(listeners) == 1 else "listeners"
    return f"{noun} {names}" + (f" and {more} more" if more > 0 else "")


def _span(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h`, `5 d`."""
    for unit, word in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {word}"
    return f"{seconds:.0f} s"
