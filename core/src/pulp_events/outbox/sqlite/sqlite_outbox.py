"""`SQLiteOutbox`: the outbox in one SQLite file, shared by all processes of a machine."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pulp_events.errors import StoreError
from pulp_events.outbox.activity import Activities, By
from pulp_events.outbox.bell import Bell
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.erasure import Erased, Erasure
from pulp_events.outbox.fresh_tokens import FreshTokens
from pulp_events.outbox.presence import Beat, Presence
from pulp_events.outbox.records import (
    EXPIRED,
    Claim,
    ClaimRequest,
    DeliveryQuery,
    Due,
    Health,
    NewEvent,
    Result,
    Stats,
)
from pulp_events.outbox.spread import PAGE
from pulp_events.outbox.sqlite import activity as happened
from pulp_events.outbox.sqlite import (
    counting,
    erasing,
    insertion,
    ledger,
    limits,
    queue,
    recording,
    scrubbing,
    standing,
)
from pulp_events.outbox.sqlite import events as stored
from pulp_events.outbox.sqlite.clock_jumps import ClockJumps
from pulp_events.outbox.sqlite.maintenance import Cleaner
from pulp_events.outbox.sqlite.patience import Patience
from pulp_events.outbox.sqlite.presence_files import PresenceFiles, folder_of
from pulp_events.outbox.sqlite.reader import Reader
from pulp_events.outbox.sqlite.set_up import set_up
from pulp_events.outbox.sqlite.transactional import add_within
from pulp_events.outbox.sqlite.writer import Writer
from pulp_events.outbox.standing import Hold, Standing
from pulp_events.outbox.states import State, Transition
from pulp_events.outbox.stored_event import Addition, EventQuery, StoredEvent
from pulp_events.system import data_dir
from pulp_events.system.asked import left_of
from pulp_events.system.clock import Clock, SystemClock
from pulp_events.system.logs import get_logger

FILE_NAME = "outbox.sqlite"
NOTE_PATIENCE = 1.0
"""Seconds to wait for other transactions in order to count what was dropped, which emit and close wait for."""
COUNT_AFTER = 5000
"""Events that a process stores before it counts some: where nobody delivers, nobody else does."""

_logger = get_logger(__name__)


class SQLiteOutbox:
    """Implements `Outbox` on a file.

    `durable`: `add` returns when the events are on the disk; otherwise they survive a crash of the process, and a power
    cut takes what the system had not written yet: on Linux, half a minute as a rule. Everything else is committed
    without waiting for the disk: a power cut that undoes it leads to a repeated delivery, never to a lost one.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        durable: bool = True,
        boot: str | None = None,
        set_damaged_aside: bool = True,
        timeout: float | None = None,
        emit_timeout: float | None = None,
    ) -> None:
        """`timeout`: seconds to wait for other transactions; `emit_timeout`: those of `add`, at most.
        `set_damaged_aside`: False for an application's own database, which is never touched when it is damaged."""
        self._clock = clock or SystemClock()
        self._durable = durable
        self._emit_timeout = emit_timeout
        self._jumps = ClockJumps(self._clock, boot)
        self._cleaner = Cleaner()
        data_dir.prepare(path.parent)
        self.path = path
        set_up(path, set_damaged_aside, timeout)
        self._patience = Patience(timeout)
        self._writer = Writer(path, set_damaged_aside, self._patience)
        self._reader = Reader(path, set_damaged_aside, self._patience, self._clock)
        self._fresh = FreshTokens(self._clock.monotonic)
        self._presences = PresenceFiles(folder_of(path), self._clock)
        self._uncounted = 0

    def rest(self) -> None:
        """See `Rests`: the connections are opened again when they are needed."""
        for each in (self._writer, self._reader):
            each.before_fork()
            each.after_fork(in_child=False)

    def end_by(self, moment: float | None) -> None:
        """See `EndsInTime`."""
        self._patience.end = moment

    @property
    def place(self) -> str:
        """See `HasPlace`."""
        return str(self.path)

    def add(self, events: Sequence[NewEvent], connection: Any = None) -> Mapping[str, StoredEvent]:
        now = self._clock.time()
        if connection is not None:
            return add_within(connection, self.path, events, now)
        single = len(events) == 1 and not events[0].once
        limit = None if self._emit_timeout is None else left_of(self._emit_timeout)
        found = self._writer.run(lambda own: insertion.insert(own, events, now), self._durable, single, limit)
        self._uncounted += len(events)  # by several threads at once: it need not be exact
        if self._uncounted >= COUNT_AFTER:
            self._count(now)
        return found

    def add_deliveries(self, additions: Sequence[Addition]) -> Sequence[str | None]:
        return self._writer.run(lambda own: stored.add_deliveries(own, additions), self._durable)

    def ready(self) -> Mapping[str, float]:
        self._correct_clock()
        return ledger.ready(self._reader, queue.READY, self._clock.time())

    def claim(self, requests: Sequence[ClaimRequest], lease: float, token: str) -> Claim:
        self._correct_clock()
        # The time is that at which nobody else writes: a token that was long waited for would be an old one.
        claim = self._writer.run(lambda own: queue.claim(own, requests, lease, token, self._clock.time()))
        self._fresh.taken(requests, token)
        return claim

    def record(self, results: Sequence[Result]) -> Sequence[bool]:
        self._correct_clock()
        now = self._clock.time()
        return self._writer.run(lambda own: recording.record(own, results, now))

    def release(self, deliveries: Sequence[Delivery]) -> None:
        self._correct_clock()
        now = self._clock.time()
        fresh = self._fresh.of(deliveries)
        self._writer.run(lambda own: queue.release(own, deliveries, now, fresh))

    def expire(self, deliveries: Sequence[Delivery]) -> None:
        self._end(Transition.EXPIRE, EXPIRED, deliveries)

    def withhold(self, deliveries: Sequence[Delivery], reason: str) -> None:
        self._end(Transition.BURY, reason, deliveries)

    def _end(self, transition: Transition, reason: str, deliveries: Sequence[Delivery]) -> None:
        now = self._clock.time()
        fresh = self._fresh.of(deliveries)
        self._writer.run(lambda own: queue.end(own, transition, reason, deliveries, now, fresh))

    def extend(self, deliveries: Sequence[Delivery], lease: float) -> None:
        self._correct_clock()
        until = self._clock.time() + lease
        self._writer.run(lambda own: queue.extend(own, deliveries, until))

    def bury(self, listener_id: str, reason: str, targets: Sequence[str] | None = None) -> int:
        now = self._clock.time()
        return self._writer.run(lambda own: queue.bury(own, listener_id, reason, targets, now))

    def changed(self) -> bool:
        return self._reader.log_changed() and self._writer.others_wrote()

    def bell(self, ring: Callable[[], None]) -> Bell | None:
        """See `Bell`. A commit writes to the log beside the database, of which the system tells."""
        try:
            from pulp_events.system.write_watch import WriteWatch  # ctypes takes some milliseconds to import

            return WriteWatch(f"{os.path.realpath(self.path)}-wal", ring)
        except (OSError, ImportError) as error:
            _logger.debug("the outbox is looked at all the time: %s", error)
            return None

    def of_event(self, event_id: str) -> Sequence[Delivery]:
        return ledger.of_event(self._reader, event_id)

    def counts_of_event(self, event_id: str) -> Mapping[str, int]:
        """See `pulp_events.outbox.store.CountsOfEvents`."""
        return ledger.counts_of_event(self._reader, event_id)

    def event(self, event_id: str) -> StoredEvent | None:
        return stored.event(self._reader, event_id)

    def events(
        self,
        query: EventQuery,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
        oldest_first: bool = False,
    ) -> Sequence[StoredEvent]:
        return stored.events(self._reader, query, limit, before, after, oldest_first)

    def beside(self, event_ids: Sequence[str]) -> Sequence[str]:
        return stored.beside(self._reader, event_ids)

    def begin_erasure(self, by: str, asked: str) -> str:
        now = self._clock.time()
        return self._writer.run(lambda own: erasing.begin(own, by, asked, now), durable=True)

    def erase(self, event_ids: Sequence[str], erasure: str | None) -> Erased:
        now = self._clock.time()
        return self._writer.run(lambda own: erasing.erase(own, event_ids, erasure, now), self._durable)

    def scrub(self, timeout: float) -> Sequence[str]:
        before = erasing.not_ended(self._reader)
        scrubbing.scrub(self.path, timeout)
        now = self._clock.time()
        self._writer.run(lambda own: erasing.end(own, before, now), durable=True)
        return scrubbing.left(self.path)

    def erasures(self, limit: int) -> Sequence[Erasure]:
        return erasing.erasures(self._reader, limit)

    def find(
        self,
        query: DeliveryQuery,
        limit: int,
        before: str | None = None,
        *,
        after: str | None = None,
        oldest_first: bool = False,
    ) -> Sequence[Delivery]:
        return ledger.find(self._reader, query, limit, before, after, oldest_first)

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        return ledger.attempts(self._reader, delivery_id)

    def revive(self, query: DeliveryQuery, limit: int) -> int:
        return self._writer.run(lambda own: ledger.revive(own, query, limit))

    def hasten(self, query: DeliveryQuery, limit: int) -> int:
        self._correct_clock()
        now = self._clock.time()
        return self._writer.run(lambda own: ledger.hasten(own, query, limit, now))

    def discard(self, query: DeliveryQuery, reason: str, limit: int) -> int:
        self._correct_clock()
        now = self._clock.time()
        return self._writer.run(lambda own: ledger.discard(own, query, reason, limit, now))

    def purge(self, query: DeliveryQuery, limit: int, keep_events: float = 0.0) -> int:
        before = self._events_before(keep_events)
        return self._writer.run(lambda own: ledger.purge(own, query, limit, before))

    def count(self, query: DeliveryQuery) -> int:
        return ledger.count(self._reader, query)

    def stats(self, listener_ids: Sequence[str] | None = None) -> Stats:
        return happened.stats(self._reader, listener_ids)

    def activity(
        self,
        since: datetime,
        until: datetime | None,
        by: By,
        listener_ids: Sequence[str] | None = None,
        lease: float = 60.0,
    ) -> Activities:
        now = self._clock.time()
        return happened.activity(self._reader, since, until, by, listener_ids, lease, now)

    def happened(
        self, words: Sequence[str], since: datetime, until: datetime | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        """See `CountsWhatEnds`."""
        return happened.happened(self._reader, words, since, until, self._clock.time())

    def backlog(self, most: int) -> int:
        return limits.backlog(self._reader, most)

    def due(self, listener_ids: Sequence[str], most: int) -> Due:
        return limits.due(self._reader, listener_ids, most, self._clock.time())

    def free_space(self) -> int | None:
        return limits.free_space(self.path)

    def sizes(self) -> dict[str, int]:
        return limits.sizes(self.path)

    def note_dropped(self, counts: Mapping[str, int]) -> None:
        now = self._clock.time()
        self._writer.run(lambda own: limits.note_dropped(own, counts, now), limit=NOTE_PATIENCE)

    def health(self, listener_ids: Sequence[str] | None = None) -> Mapping[str, Health]:
        return ledger.health(self._reader, listener_ids)

    def forget_health(self, listener_id: str) -> None:
        def forget(own: sqlite3.Connection) -> None:
            ledger.forget(own, listener_id)
            standing.forget(own, listener_id)

        self._writer.run(forget)

    def renew(self, configurations: Mapping[str, str], dice: Callable[[], float]) -> bool:
        self._correct_clock()
        changed = standing.differing(self._reader, configurations)
        if not changed:
            return False
        now = self._clock.time()
        return self._writer.run(lambda own: standing.renew(own, changed, dice, PAGE, now)) >= PAGE

    def hold(self, holds: Mapping[str, Hold | None]) -> None:
        if any(each is not None for each in holds.values()) or standing.are_held(self._reader, holds):
            self._writer.run(lambda own: standing.hold(own, holds))

    def lift(self, listener_ids: Sequence[str]) -> None:
        self._writer.run(lambda own: standing.lift(own, listener_ids))

    def lifted(self, listener_ids: Sequence[str]) -> Mapping[str, str]:
        return standing.lifted(self._reader, listener_ids)

    def standing(
        self, listener_ids: Sequence[str], with_first: Sequence[str] = (), with_queue: Sequence[str] = ()
    ) -> Mapping[str, Standing]:
        return standing.standing(self._reader, listener_ids, with_first, with_queue, self._clock.time())

    def note(self, key: str, text: str) -> None:
        self._writer.run(lambda own: ledger.note(own, key, text))

    def add_noting(self, events: Sequence[NewEvent], key: str, before: str | None, after: str) -> bool:
        """See `NotesWithEvents`."""
        now = self._clock.time()

        def add(own: sqlite3.Connection) -> bool:
            if not ledger.note_if(own, key, before, after):
                return False
            insertion.insert(own, events, now)
            return True

        return self._writer.run(add, self._durable)

    def notes(self, prefix: str) -> Mapping[str, str]:
        return ledger.notes(self._reader, prefix)

    def beat(self, beat: Beat) -> None:
        self._presences.beat(beat)

    def leave(self, id: str) -> None:
        self._presences.leave(id)

    def presences(self) -> Sequence[Presence]:
        return self._presences.all()

    def maintain(self, keep: Mapping[State, float], keep_events: float = 0.0) -> bool:
        now, events = self._clock.time(), self._events_before(keep_events)
        return self._writer.run(lambda own: self._cleaner.step(own, keep, now, events))

    def close(self) -> None:
        self._presences.close()
        self._reader.close()
        self._writer.close()

    def _count(self, now: float) -> None:
        self._uncounted = 0
        with contextlib.suppress(StoreError):  # the events are stored; it is counted later
            for _ in range(COUNT_AFTER // counting.STEP + 1):
                if not self._writer.run(lambda own: counting.count_on(own, now)):
                    return

    def _events_before(self, keep: float) -> float:
        """Events from before then go with their last delivery; kept for 0 s: all of them, whatever clocks say."""
        return self._clock.time() - keep if keep else math.inf

    def _correct_clock(self) -> None:
        if self._jumps.noticed():
            self._writer.run(self._jumps.correct)
