"""Takes out of a damaged outbox what can be read, and puts it into the one in use."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulp_events.errors import EventsError, StoreCorrupt, StoreError
from pulp_events.outbox.rows import to_attempt, to_delivery
from pulp_events.outbox.sqlite import aside, counting
from pulp_events.outbox.sqlite.connection import connect, explain, patiently
from pulp_events.outbox.sqlite.damage import is_json
from pulp_events.outbox.sqlite.lost_head import with_new_head
from pulp_events.outbox.sqlite.onlooker import Onlooker
from pulp_events.outbox.sqlite.set_up import set_up
from pulp_events.outbox.states import State
from pulp_events.system.clock import SystemClock

_UNREADABLE = (sqlite3.Error, OverflowError, ValueError)
_FIND = "SELECT 1 FROM sqlite_master WHERE name = 'pulp_event'"
_LAST = 1 << 62
_EVENTS = (
    "SELECT seq, id, event_type, time, source, report, alone, next_n, fingerprint, erased, scope, trace_context "
    "FROM pulp_event NOT INDEXED WHERE seq >= ? ORDER BY seq"
)
_DELIVERIES = (
    "SELECT event_seq, n, listener_id, target, state, ready_at, lease, attempts, forgiven, finished, reason, "
    "repeat_of, expires FROM pulp_delivery NOT INDEXED WHERE event_seq >= ? ORDER BY event_seq, n"
)
_ATTEMPTS = (
    "SELECT event_seq, n, number, started, duration, outcome, detail, retry_at "
    "FROM pulp_attempt NOT INDEXED WHERE event_seq >= ? ORDER BY event_seq, n, number"
)
_LAST_NUMBER = "SELECT seq FROM sqlite_sequence WHERE name = 'pulp_event'"
_LATER = "alone, next_n, fingerprint"
"""Columns that came with version 3; `repeat_of` did, too."""
_HAS_ALONE = "SELECT 1 FROM pragma_table_info('pulp_event') WHERE name = 'alone'"
_HAS_EXPIRES = "SELECT 1 FROM pragma_table_info('pulp_delivery') WHERE name = 'expires'"
"""It came with version 4."""
_HAS_ERASED = "SELECT 1 FROM pragma_table_info('pulp_event') WHERE name = 'erased'"
"""It came with version 5, as did the table of erasures."""
_HAS_SCOPE = "SELECT 1 FROM pragma_table_info('pulp_event') WHERE name = 'scope'"
"""It came with version 7."""
_HAS_TRACE_CONTEXT = "SELECT 1 FROM pragma_table_info('pulp_event') WHERE name = 'trace_context'"
"""It came with version 8."""
_ERASURES = (
    "SELECT id, began, ended, who, asked, events, pending, under_way, details FROM pulp_erasure NOT INDEXED "
    "WHERE seq >= ? ORDER BY seq"
)
_INSERT_ERASURE = (
    "INSERT OR IGNORE INTO pulp_erasure (id, began, ended, who, asked, events, pending, under_way, details) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_EVENT = (
    f"INSERT INTO pulp_event (id, event_type, time, source, report, {_LATER}, erased, scope, trace_context) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_DELIVERY = (
    "INSERT OR IGNORE INTO pulp_delivery (event_seq, n, listener_id, target, state, ready_at, attempts, forgiven, "
    "finished, reason, repeat_of, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass
class Recovered:
    """How much was taken, and how much not."""

    events: int = 0
    deliveries: int = 0
    pending: int = 0
    """Of the deliveries."""
    attempts: int = 0
    known: int = 0
    """Events that the outbox in use has already."""
    damaged: int = 0
    """Rows that were read and are not what was stored, and events or deliveries that belong together and are not all
    there."""
    gaps: int = 0
    """Places in the tables that cannot be read."""
    missing: int | None = 0
    """How many events stood in such places at most: as many as have numbers between those that were read. Some of them
    may have been deleted before. None: nobody knows."""

    @property
    def is_whole(self) -> bool:
        """True if nothing was left out."""
        return not self.damaged and not self.gaps


def recover(source: Path, target: Path, set_damaged_aside: bool = True) -> Recovered:
    """Store what can be read of `source` in the outbox `target`, in one transaction; `source` stays as it is.

    Deliveries that were under way are pending at once: they may be repeated. Events that `target` has are passed over,
    so that it can be done again. A mark beside a file that was set aside notes that it was recovered, see `aside`.
    `set_damaged_aside`: as of `SQLiteOutbox`. Raises StoreError.
    """
    if not source.is_file():
        raise StoreError(f"{source}: no such file; name a damaged outbox, such as outbox.sqlite.corrupt-TIME")
    if target.exists() and source.samefile(target):
        raise StoreError(f"{source} is the outbox in use; name the file that was set aside, or a copy elsewhere")
    set_up(target, set_damaged_aside)
    result = Recovered()
    with ExitStack() as stack:
        old = stack.enter_context(_open(source, stack))
        new = stack.enter_context(contextlib.closing(connect(target)))
        try:
            new.execute("PRAGMA synchronous = FULL")
            patiently(new.execute, "BEGIN IMMEDIATE")
            _Recovery(old, new, result).run()
            new.execute("COMMIT")
        except sqlite3.Error as error:
            raise explain(target, error) from error
    aside.note_recovered(source, target)
    return result


def _open(source: Path, stack: ExitStack) -> Onlooker:
    """The damaged file; where not even its list of tables can be read, a copy with that of a new outbox."""
    old = Onlooker(source)
    try:
        if old.ask(_FIND).fetchone():
            return old
        old.close()
        raise StoreError(f"{source} contains no events; name a damaged outbox")
    except _UNREADABLE as error:
        old.close()
        with contextlib.suppress(OSError, StoreError, *_UNREADABLE):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=source.parent)))
            copy = Onlooker(with_new_head(source, folder), without_log=True)
            if copy.ask(_FIND).fetchone() and copy.ask(f"{_EVENTS} LIMIT 1", (0,)).fetchone():
                return copy
        raise StoreCorrupt(
            f"{source}: nothing in it can be read ({error}); restore a backup with `pulp-admin event restore` if "
            "there is one, and delete this file"
        ) from error


class _Recovery:
    def __init__(self, old: Onlooker, new: sqlite3.Connection, result: Recovered) -> None:
        self._old, self._new, self._result = old, new, result
        self._seqs: dict[int, tuple[int, tuple[Any, ...]]] = {}
        """Number of an event there → its number here, and its row."""
        self._attempts: list[tuple[Any, ...]] = []
        """As `counting.note_attempts` wants them."""

    def run(self) -> None:
        events, deliveries = _EVENTS, _DELIVERIES
        if not self._old.ask(_HAS_ALONE).fetchone():  # of an older release
            events, deliveries = events.replace(_LATER, "0, 0, NULL"), deliveries.replace("repeat_of", "NULL")
        if not self._old.ask(_HAS_EXPIRES).fetchone():
            deliveries = deliveries.replace("expires", "NULL")
        if self._old.ask(_HAS_ERASED).fetchone():
            with contextlib.suppress(*_UNREADABLE):
                self._new.executemany(_INSERT_ERASURE, self._old.ask(_ERASURES, (0,)).fetchall())
        else:
            events = events.replace(", erased", ", NULL")
        if not self._old.ask(_HAS_SCOPE).fetchone():
            events = events.replace(", scope", ", NULL")
        if not self._old.ask(_HAS_TRACE_CONTEXT).fetchone():
            events = events.replace(", trace_context", ", NULL")
        lost: list[tuple[int, int | None]] = []
        for row in self._rows(events, lost):
            self._event(row)
        self._result.missing = self._between(lost)
        taken: dict[tuple[int, int], str] = {}
        served: set[int] = set()
        for row in self._rows(deliveries):
            if self._delivery(row):
                taken[row[:2]] = row[2]
                served.add(row[0])
        for row in self._rows(_ATTEMPTS):
            self._attempt(row, taken)
        counting.note_attempts(self._new, self._attempts, SystemClock().time())
        for seq in self._seqs.keys() - served:
            number, event = self._seqs[seq]
            if event[6] == 1:  # it had no delivery
                continue
            # None of its deliveries is left.
            self._new.execute("DELETE FROM pulp_event WHERE seq = ?", (number,))
            self._result.events -= 1
            self._result.damaged += 1

    def _event(self, row: tuple[Any, ...]) -> None:
        seq, *values = row
        if not isinstance(values[6], int) or not self._is_sound(
            row, (seq, 0, "", "", State.PENDING, 0, None, 0, 0, None, None, None, None)
        ):
            self._result.damaged += 1
        elif self._new.execute("SELECT 1 FROM pulp_event WHERE id = ?", (values[0],)).fetchone():
            self._result.known += 1
        else:
            number = self._new.execute(_INSERT_EVENT, (*values[:5], values[5] == 1, *values[6:])).lastrowid
            assert number is not None
            self._seqs[seq] = (number, row)
            self._result.events += 1

    def _delivery(self, row: tuple[Any, ...]) -> bool:
        found = self._seqs.get(row[0])
        if found is None:
            return False  # known already, or its event was not readable, which is counted there
        number, event = found
        if not self._is_sound(event, row):
            self._result.damaged += 1
            return False
        _, n, listener_id, target, state, ready_at, lease, *rest = row
        ready_at = 0 if lease is not None and state == State.PENDING else ready_at
        self._new.execute(_INSERT_DELIVERY, (number, n, listener_id, target, state, ready_at, *rest))
        if event[6] == 1:
            self._new.execute("UPDATE pulp_event SET alone = 0 WHERE seq = ?", (number,))
        self._result.deliveries += 1
        self._result.pending += state == State.PENDING
        return True

    def _attempt(self, row: tuple[Any, ...], taken: Mapping[tuple[int, int], str]) -> None:
        listener_id = taken.get(row[:2])
        if listener_id is None:
            return
        try:
            to_attempt(row[2:])
        except EventsError:
            self._result.damaged += 1
            return
        number, event = self._seqs[row[0]]
        self._new.execute("INSERT OR IGNORE INTO pulp_attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (number, *row[1:]))
        self._attempts.append((listener_id, *event[2:4], *row[3:6]))
        self._result.attempts += 1

    def _is_sound(self, event: tuple[Any, ...], delivery: tuple[Any, ...]) -> bool:
        _, n, listener_id, target, state, ready_at, lease, attempts, forgiven, finished, reason, *later = delivery
        row = (event[1], n, *event[2:6], listener_id, target, state, attempts, ready_at, finished, reason or "", lease)
        try:
            return is_json(to_delivery((*row, forgiven, *later, *event[10:12])).report)
        except EventsError:
            return False

    def _between(self, lost: Sequence[tuple[int, int | None]]) -> int | None:
        """How many events have numbers between these; the last may be open, up to the last number that was given."""
        found = 0
        for before, after in lost:
            if after is None:
                with contextlib.suppress(*_UNREADABLE, TypeError):
                    after = int(self._old.ask(_LAST_NUMBER).fetchone()[0]) + 1
            if after is None:
                return None
            found += max(0, after - before - 1)
        return found

    def _rows(self, query: str, lost: list[tuple[int, int | None]] | None = None) -> Iterator[tuple[Any, ...]]:
        """The rows of a table; around places that cannot be read, those before and after.

        `lost` gets the numbers between which such a place is: that of the last event before it, 0 if there is none, and
        of the first one after it, None if there is none.
        """
        at = 0
        while True:
            at, failed = yield from self._run(query, at, lost)
            if not failed:
                return
            self._result.gaps += 1
            if lost is not None and not (lost and lost[-1][1] is None):  # else it is one place still
                lost.append((at, None))
            after = self._first_readable(query, at + 1)
            if after is None:
                return
            at = after

    def _run(
        self, query: str, at: int, lost: list[tuple[int, int | None]] | None = None
    ) -> Generator[tuple[Any, ...], None, tuple[int, bool]]:
        """Rows from the event `at` on, until one cannot be read; returns where it ended, and whether it did so."""
        try:
            for row in self._old.ask(query, (at,)):
                if isinstance(row[0], int):
                    at = row[0]
                    if lost and lost[-1][1] is None:
                        lost[-1] = (lost[-1][0], at)
                    yield row
                else:
                    self._result.damaged += 1
        except _UNREADABLE:
            return at, True
        return at, False

    def _first_readable(self, query: str, at: int) -> int | None:
        """The next event from `at` on whose row can be read: first in steps that double, then between the last two."""
        step = 1
        while not self._readable(query, at + step - 1):
            step *= 2
            if at + step > _LAST:
                return None
        low, high = at + step // 2 - 1, at + step - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._readable(query, middle) else (middle, high)
        return high

    def _readable(self, query: str, at: int) -> bool:
        try:
            self._old.ask(f"{query} LIMIT 1", (at,)).fetchone()
        except _UNREADABLE:
            return False
        return True
