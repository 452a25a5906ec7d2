"""`Marks`: up to where a process need not look any more, so that looking takes no longer the more was delivered.

PostgreSQL keeps what was changed or deleted for as long as any session of the server might see it, and whoever looks
for the first pending delivery passes over all of it. So each process remembers, for each listener, below what there was
nothing: the number of an event for first attempts, times for retries and leases.

What may still come in below a mark is what a transaction adds that had not ended. So each transaction that makes
something pending takes a number (`tick`), and holds a lock of this name until it ends, before it draws the number of an
event or reads the clock; and a *look* reads the highest event, the time, the highest tick, and then which ticks are
held. What a transaction adds is above the event and the time of each look whose highest tick is below its own.

Marks of times are no higher than what is under way may add: who keeps an order must see every lease. Marks of events
are, as an application may emit and commit an hour later. When such a transaction has ended that was under way at the
look before, all marks that were made until then are lowered to what it may have added.

Whatever breaks this rule (a clock that is set back, leases of other lengths, tables that were changed by hand) is found
by looking at everything every half minute.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pulp_events.system import forks
from pulp_events_postgres.lowered import Lowered

EVERYTHING = 30.0
"""Seconds after which everything is looked at again."""
SHARE = 50
"""Looking at everything may take one part of so many of the time."""
FAR = 50_000
"""Events since the last look that are too many to be gone through one by one."""
FRESH = 0.05
"""Seconds for which a look counts as the present one."""
NOTHING = -(2**63) + 1
LONG = 0.05
"""Seconds that a look at all that have something pending may take each time: one that took longer is good for ten times
as long, and only what is new is looked for meanwhile."""
FEW = 100
"""Listeners: a look at so few takes long only where the machine is busy, and to remember what they have would spare
nothing."""
_LOOKS = 32
"""Looks that are remembered: a transaction may take some time from drawing its number to holding the lock."""


@dataclass(frozen=True)
class Look:
    """What `pulp_look` said."""

    moment: float
    seq: int
    tick: int
    upheaval: int
    emitting: frozenset[int]
    """Ticks of transactions under way that store events."""
    changing: frozenset[int]
    """Likewise that give leases and times of retries."""

    @classmethod
    def of(cls, moment: float, look: Sequence[int]) -> Look:
        """From the columns."""
        seq, tick, upheaval, count, *ticks = look
        return cls(moment, seq, tick, upheaval, frozenset(ticks[:count]), frozenset(ticks[count:]))


@dataclass(frozen=True)
class Front:
    """What one listener has pending: None where nothing of the kind."""

    first: int | None
    due: float | None
    leased: float | None

    def wait(self, now: float) -> float | None:
        """Seconds until something of it may be claimed; None without anything."""
        if self.first is not None:
            return 0.0
        times = [each for each in (self.due, self.leased) if each is not None]
        return max(0.0, min(times) - now) if times else None

    def with_new(self, new: Front) -> Front:
        """This, and what came since."""
        return Front(new.first if self.first is None else self.first, self.due or new.due, self.leased or new.leased)


@dataclass(frozen=True)
class Mark:
    """Below these there was nothing at the look of this number."""

    first: int = NOTHING
    due: float = 0.0
    leased: float = 0.0
    look: int = 0


@dataclass(frozen=True)
class Start:
    """Where a question to the database begins; to be handed back with the answer."""

    ids: Sequence[str]
    first: list[int]
    due: list[float]
    leased: list[float]
    tail: int | None
    """No listener that is not known has a pending delivery of an event below; None: look at everything."""
    due_of_others: float
    leased_of_others: float
    look: int
    seq: int
    """Highest event at that look."""
    moment: float
    quick: bool = False
    """Only what is new is looked for; of the known ones it is remembered what they have."""
    began: float = field(default_factory=time.monotonic)


class Marks:
    """Of one process; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may emit, and so claim, amid a claim
        self._lease = float("inf")
        self._lost = 0
        self._forget()
        forks.take_part(self)

    def before_fork(self) -> None:
        """See `forks`."""

    def after_fork(self, in_child: bool) -> None:
        """The child begins without: another thread may have been changing them."""
        if in_child:
            self._lock = threading.RLock()
            self._forget()

    def clear(self) -> None:
        """Know nothing: the next look is at everything."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._known: dict[str, Mark] = {}
        self._fronts: dict[str, Front] = {}
        """What the known ones had when they were last asked for."""
        self._long_until = 0.0
        self._others: Mark | None = None
        """Of all listeners that are not known."""
        self._looks: list[Look] = []
        self._number = getattr(self, "_number", 0) + 1
        self._void = self._number
        """What was asked before this look is of no use."""
        self._looked_at = float("-inf")
        self._everything_at = 0.0
        self._events: dict[int, int] = {}
        self._moments: dict[int, float] = {}
        """Ticks under way → what they add is above."""
        self._low_events: Lowered[int] = Lowered()
        self._settled = 0.0
        """The time up to which leases and times of retries are there to be seen, at the last look."""

    def stale(self) -> bool:
        """True if a claim should look, too."""
        return time.monotonic() - self._looked_at >= FRESH

    def hold_for(self, lost: int) -> bool:
        """Forget everything, and return False, where more connections are `lost` than when this was asked last."""
        with self._lock:
            if lost == self._lost:
                return True
            self._lost = lost
            self._forget()
            return False

    def start(self, ids: Sequence[str] | None = None, lease: float | None = None) -> Start:
        """Where to begin for these listeners, or for all that are known to have something pending."""
        with self._lock:
            if lease is not None:
                self._lease = min(self._lease, lease)
            others = None if self._others is None else self._now(self._others)
            newest = self._looks[-1] if self._looks else None
            seq = NOTHING if newest is None else newest.seq
            tail = None if others is None else others.first
            if ids is None and (time.monotonic() >= self._everything_at or (tail is not None and seq - tail > FAR)):
                ids, tail = (), None
            quick = ids is None and time.monotonic() < self._long_until
            ids = ids if ids is not None else () if quick else list(self._known)
            begin = others or Mark()
            marks = [begin if (mark := self._known.get(each)) is None else self._now(mark) for each in ids]
            return Start(
                ids, [mark.first for mark in marks], [mark.due for mark in marks], [mark.leased for mark in marks],
                tail, begin.due if tail is not None else 0.0, begin.leased if tail is not None else 0.0,
                self._number, seq, self._settled, quick,
            )  # fmt: skip

    def _now(self, mark: Mark) -> Mark:
        """The mark, lowered to what came in since it was made."""
        event = self._low_events.since(mark.look)
        return mark if event is None or event >= mark.first else replace(mark, first=event)

    def found(self, start: Start, look: Look | None, fronts: Mapping[str, Front], all_of_them: bool = False) -> bool:
        """What was found: `look` before, then `fronts` of the listeners asked for, or of all that have something.

        False if something may have been missed: the marks did not hold any more.
        """
        with self._lock:
            if (look is not None and not self._saw(look)) or start.look < self._void:
                return False
            seq, moment = (start.seq, start.moment) if look is None else (look.seq, self._settled)
            lease = 0.0 if self._lease == float("inf") else self._lease
            for listener_id, front in fronts.items():
                if start.quick and listener_id in self._known:
                    self._fronts[listener_id] = self._fronts[listener_id].with_new(front)
                    continue
                if all_of_them and front.wait(0.0) is None:
                    self._drop(listener_id)
                    continue
                self._fronts[listener_id] = front
                self._known[listener_id] = Mark(
                    seq if front.first is None else min(front.first, seq),
                    moment if front.due is None else min(front.due, moment),
                    moment + lease if front.leased is None else min(front.leased, moment + lease),
                    start.look,
                )
            if all_of_them:
                took = time.monotonic() - start.began
                if start.tail is None:
                    for listener_id in self._known.keys() - fronts.keys():
                        self._drop(listener_id)
                    self._everything_at = time.monotonic() + max(EVERYTHING, SHARE * took)
                if not start.quick and took > LONG and len(self._known) > FEW:
                    self._long_until = time.monotonic() + 10 * took
                others = self._others = Mark(seq, moment, moment + lease, start.look)
                # A transaction may have ended since that was under way at the look before.
                return start.tail is None or self._now(others).first >= start.tail
            return True

    def fronts(self) -> dict[str, Front]:
        """What the listeners that are known have, as far as that was asked for."""
        with self._lock:
            return dict(self._fronts)

    def _drop(self, listener_id: str) -> None:
        self._known.pop(listener_id, None)
        self._fronts.pop(listener_id, None)

    def _saw(self, look: Look) -> bool:
        """Take a look into account; False if nothing of what is known holds any more."""
        last = self._looks[-1] if self._looks else None
        if last is not None and (look.upheaval != last.upheaval or look.moment < last.moment - 1.0):
            self._forget()
            return False
        self._looked_at = time.monotonic()
        self._number += 1
        ended = [self._events.pop(each, NOTHING) for each in self._events.keys() - look.emitting]
        if ended:
            self._low_events.lower(self._number, min(ended))
        for tick in self._moments.keys() - look.changing:
            self._moments.pop(tick, None)
        for tick in look.emitting - self._events.keys():
            self._events[tick] = max((each.seq for each in self._looks if each.tick < tick), default=NOTHING)
        for tick in look.changing - self._moments.keys():
            self._moments[tick] = max((each.moment for each in self._looks if each.tick < tick), default=0.0)
        self._settled = min([look.moment, *(self._moments.get(each, 0.0) for each in look.changing)])
        self._looks = [*self._looks[-_LOOKS + 1 :], look]
        return True
