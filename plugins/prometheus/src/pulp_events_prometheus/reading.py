"""What a scrape asks the bus for, and what of it is told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from pulp_events.errors import EventsError
from pulp_events.outbox.records import Stats
from pulp_events.outbox.standing import HoldCause, Standing
from pulp_events.outbox.states import State, Transition
from pulp_events.outbox.store import CountsWhatEnds, TellsSizes
from pulp_events.system.clock import from_timestamp
from pulp_events_prometheus import words
from pulp_events_prometheus.book import Book
from pulp_events_prometheus.emitted import emitted
from pulp_events_prometheus.listeners import Labels, labels, members
from pulp_events_prometheus.tally import Tally

if TYPE_CHECKING:
    from pulp_events import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.activity import Activity
    from pulp_events.outbox.records import Health

PROBING = 60.0
"""Seconds after the end of a circuit's pause for which it counts as open: the attempt that decides is under way."""
_SOON = 1.0
"""Seconds up to which nothing lags: it is not looked at what else may hold a delivery up."""
LATELY = 900.0
"""Seconds for which it is told that a delivery was given up. The counter does not tell of those that came before it was
looked at for the first time: a counter that begins with 5 has not increased."""
_MOST_KNOWN = 100_000
FAILURES, FAILING = 3, 600.0
"""How often, and for how many seconds, a listener has failed that counts as failing: fewer may be an endpoint that
restarts."""


@dataclass
class Gauges:
    """How one listener stands, or several together: numbers are added, ages are those of the oldest."""

    pending_deliveries: int = 0
    in_flight_deliveries: int = 0
    dead_deliveries: int = 0
    lately_dead: int = 0
    """Of LATELY."""
    failures: int = 0
    lanes: int = 0
    circuits: int = 0
    muted: int = 0
    disabled: int = 0
    fails: int = 0
    oldest: float = 0.0
    """Seconds since the event of the oldest pending delivery."""
    failing: float = 0.0
    """Seconds since the first failure after the last success, if it is neither muted nor disabled."""

    def add(self, other: Gauges) -> None:
        """Take another listener in."""
        for name, value in vars(other).items():
            mine = getattr(self, name)
            setattr(self, name, max(mine, value) if isinstance(value, float) else mine + value)


@dataclass(frozen=True)
class Reading:
    """Everything that is told at one moment."""

    sums: Tally
    labels: Mapping[str, Labels]
    """By listener id."""
    gauges: Mapping[Labels, Gauges]
    stats: Stats
    oldest: float
    """Seconds since the event of the oldest pending delivery."""
    backlog: float
    """The same, of listeners that are neither muted nor disabled."""
    in_flight: int
    listeners: Mapping[tuple[str, str], int]
    """Notifier type and state (enabled, muted, disabled) → how many."""
    processes: Mapping[tuple[str, str], int]
    """Kind and state (delivering, emitting, gone) → how many."""
    lag: float
    """Seconds for which the first delivery that could be attempted has waited for a dispatcher."""
    emitted: Mapping[str, int]
    dropped: Mapping[str, int]
    """By event type."""
    store_bytes: Mapping[str, int] = field(default_factory=dict)
    free_bytes: int | None = None


class Reader:
    """Reads from one bus."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._settings = bus.settings.section("prometheus")
        self._book = Book(bus.data_dir, bus.clock.time)
        self._stats = Stats()
        self._now_of: Mapping[str, Activity] = {}
        """By listener id; as they were when the counters were read last."""
        self._held_back: dict[str, tuple[datetime, bool]] = {}

    def read(self) -> Reading:
        """Raises StoreError."""
        bus, now = self._bus, self._bus.clock.time()
        listeners = bus.listeners.list()
        bus.listeners.check_readable()  # what a process remembers of them is no answer of the store
        of = members(listeners, self._settings["listeners"])
        named = labels(listeners, of)
        sums = self._book.sums(of, self._counted)
        stats = self._stats
        standing = bus.outbox.standing([each.id for each in listeners])
        gauges = self._gauges(listeners, named, stats, standing, now)
        oldest = 0.0 if stats.oldest_pending is None else max(0.0, now - stats.oldest_pending.timestamp())
        processes = Counter((str(each.kind), _state(each.delivers, each.gone)) for each in bus.workers())
        return Reading(
            sums=sums,
            labels=named,
            gauges=gauges,
            stats=stats,
            oldest=oldest,
            backlog=max(
                (_age(self._now_of.get(each.id), now) for each in listeners if _served(each, now)), default=0.0
            ),
            in_flight=sum(each.under_way for each in self._now_of.values()),
            listeners=Counter((each.notifier_type_id, _condition(each, now)) for each in listeners),
            processes=processes,
            lag=self._lag(listeners, standing, now),
            emitted=self._with_zeros(emitted(bus.data_dir, int(self._settings["event_types"]))),
            dropped=self._with_zeros(Counter({each.event_type: each.count for each in stats.dropped})),
            store_bytes=_sizes(bus),
            free_bytes=bus.outbox.free_space(),
        )

    def _with_zeros(self, counts: Counter[str]) -> Mapping[str, int]:
        """Known event types from the beginning, with 0: an increase from nothing is none to Prometheus."""
        for each in sorted(one.name for one in self._bus.event_types):
            if len(counts) < int(self._settings["event_types"]):
                counts.setdefault(each, 0)
        return counts

    def _counted(self, since: float, until: float | None) -> Mapping[str, words.Counts]:
        ends = None if until is None else from_timestamp(until)
        found = self._bus.deliveries.stats(from_timestamp(since), ends, "listener")
        groups = {} if found.activity is None else found.activity.groups
        if until is None:
            self._stats, self._now_of = found, groups
        return {listener_id: words.of_activity(each) for listener_id, each in groups.items()}

    def _gauges(
        self,
        listeners: Iterable[Listener],
        named: Mapping[str, Labels],
        stats: Stats,
        standing: Mapping[str, Standing],
        now: float,
    ) -> Mapping[Labels, Gauges]:
        lanes = int(self._bus.settings.section("delivery")["lanes"])
        health = self._bus.deliveries.health()
        lately_dead = self._lately_dead(now)
        found: dict[Labels, Gauges] = {}
        for each in listeners:
            activity, lately = self._now_of.get(each.id), health.get(each.id)
            counts = stats.by_listener.get(each.id, {})
            failures = 0 if lately is None else lately.failures
            failing = _failing(each, lately, now)
            gauges = Gauges(
                pending_deliveries=counts.get(State.PENDING, 0),
                in_flight_deliveries=0 if activity is None else activity.under_way,
                dead_deliveries=counts.get(State.DEAD, 0),
                lately_dead=lately_dead.get(each.id, 0),
                failures=failures,
                lanes=each.lanes or lanes,
                circuits=int(_is_open(standing.get(each.id), now)),
                muted=int(bool(each.muted_for(now))),
                disabled=int(not each.enabled),
                oldest=_age(activity, now),
                failing=failing,
                fails=int(failures >= FAILURES and failing >= FAILING),
            )
            found.setdefault(named[each.id], Gauges()).add(gauges)
        return found

    def _lately_dead(self, now: float) -> Mapping[str, int]:
        since, outbox = from_timestamp(now - LATELY), self._bus.outbox
        if isinstance(outbox, CountsWhatEnds):
            found = outbox.happened((Transition.GIVE_UP,), since)
            return {listener_id: its.get(Transition.GIVE_UP, 0) for listener_id, its in found.items()}
        activity = self._bus.deliveries.stats(since, None, "listener").activity
        return {} if activity is None else {listener_id: each.dead for listener_id, each in activity.groups.items()}

    def _lag(self, listeners: Iterable[Listener], standing: Mapping[str, Standing], now: float) -> float:
        """Of listeners whose deliveries may be attempted as soon as they are due, which no rate or window holds up."""
        lanes = int(self._bus.settings.section("delivery")["lanes"])
        ready = self._bus.outbox.ready()
        free: list[Listener] = []
        for each in listeners:
            if ready.get(each.id, 1.0) > 0:
                continue
            stands = standing.get(each.id)
            held = stands is not None and stands.hold is not None and stands.hold.until > now - PROBING
            if _served(each, now) and not held:
                free.append(each)
        if not free or self._bus.outbox.due([each.id for each in free], 1).longest <= _SOON:
            return 0.0
        free = [each for each in free if not self._is_held_back(each)]
        in_order = [each.id for each in free if (each.lanes or lanes) == 1]
        first = self._bus.outbox.standing(in_order, in_order) if in_order else {}
        waiting = {listener_id for listener_id, each in first.items() if each.first_due is not None}
        ids = [each.id for each in free if each.id not in waiting]
        return self._bus.outbox.due(ids, 1).longest if ids else 0.0

    def _is_held_back(self, listener: Listener) -> bool:
        """Whether it has a rate or a window. Remembered: to find out a notifier has to read the configuration."""
        known = self._held_back.get(listener.id)
        if known is None or known[0] != listener.updated:
            if len(self._held_back) > _MOST_KNOWN:
                self._held_back.clear()
            known = self._held_back[listener.id] = (listener.updated, self._has_rate_or_window(listener))
        return known[1]

    def _has_rate_or_window(self, listener: Listener) -> bool:
        listeners = self._bus.listeners
        try:
            return listeners.rate(listener) is not None or bool(listeners.window(listener))
        except EventsError:  # its notifier is not installed here, say
            return listener.notifier_type_id in self._bus.plugins.notifiers


def _state(delivers: bool, gone: bool) -> str:
    return "gone" if gone else "delivering" if delivers else "emitting"


def _condition(listener: Listener, now: float) -> str:
    return "disabled" if not listener.enabled else "muted" if listener.muted_for(now) else "enabled"


def _is_open(stands: Standing | None, now: float) -> bool:
    hold = None if stands is None else stands.hold
    return hold is not None and hold.cause == HoldCause.CIRCUIT and hold.until > now - PROBING


def _age(activity: Activity | None, now: float) -> float:
    if activity is None or activity.oldest_pending is None:
        return 0.0
    return max(0.0, now - activity.oldest_pending.timestamp())


def _served(listener: Listener, now: float) -> bool:
    return listener.enabled and not listener.muted_for(now)


def _failing(listener: Listener, lately: Health | None, now: float) -> float:
    if lately is None or lately.failing_since is None or not _served(listener, now):
        return 0.0
    # While it was muted it could have no success: as `bus.health` has it.
    since = max(lately.failing_since, listener.muted_until or lately.failing_since)
    return max(0.0, now - since.timestamp())


def _sizes(bus: EventBus) -> Mapping[str, int]:
    """Bytes of our stores, by what they hold."""
    outbox = bus.outbox
    found = dict(outbox.sizes()) if isinstance(outbox, TellsSizes) else {}
    with suppress(OSError):
        found.setdefault("listeners", (bus.data_dir / "listeners.json").stat().st_size)
    return found
