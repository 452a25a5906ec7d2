"""`InMemoryOutbox`: the outbox of `SQLiteOutbox` without any file, for tests of applications."""

from __future__ import annotations

import contextlib
import sqlite3
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pulp_events.errors import StoreCorrupt, StoreError
from pulp_events.events.pattern import matches
from pulp_events.outbox.fresh_tokens import FreshTokens
from pulp_events.outbox.presence import KEEP, MOST_GONE, Beat, Presence, in_order, presence
from pulp_events.outbox.records import NewEvent
from pulp_events.outbox.sqlite import erasing, insertion, schema
from pulp_events.outbox.sqlite.clock_jumps import ClockJumps
from pulp_events.outbox.sqlite.columns import MATCHES
from pulp_events.outbox.sqlite.maintenance import Cleaner
from pulp_events.outbox.sqlite.sqlite_outbox import SQLiteOutbox
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events.system.clock import Clock, SystemClock
from pulp_events.system.exclusive import Exclusive

T = TypeVar("T")

PLACE = "memory"
"""What the store calls itself for people."""


class Database:
    """What the outboxes of one process share that are to be one store."""

    def __init__(self) -> None:
        self.exclusive = Exclusive("storing an event")
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self.connection.close)  # from Python 3.13 on, one that is not closed is a warning
        self.connection.create_function(MATCHES, 2, matches, deterministic=True)
        self.connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        schema.migrate(self.connection, PLACE)
        insertion.prepare(self.connection)
        self.commits = 0
        self.beats: dict[str, tuple[Beat, float, float]] = {}
        """Id of a process → its last beat, when it began, and when it was last seen."""


class InMemoryOutbox(SQLiteOutbox):
    """Implements `Outbox` for one process, with the SQL of `SQLiteOutbox`; gone when nobody holds it any more."""

    def __init__(self, clock: Clock | None = None, database: Database | None = None) -> None:
        """`database`: that of another outbox, which is to be the same store."""
        self._clock = clock or SystemClock()
        self._durable = False
        self._emit_timeout = None
        self._jumps = ClockJumps(self._clock, "")  # nothing outlives the process: its clocks are looked at by nobody
        self._cleaner = Cleaner()
        self.database = database or Database()
        self._writer = _Writer(self.database)  # type: ignore[assignment]
        self._reader = _Reader(self.database)  # type: ignore[assignment]
        self._fresh = FreshTokens(self._clock.monotonic)
        self._presences = _Presences(self.database, self._clock)  # type: ignore[assignment]
        self._uncounted = 0

    def sizes(self) -> dict[str, int]:
        """Bytes of its pages."""
        [(pages,)], [(size,)] = (self._reader.rows(f"PRAGMA {name}") for name in ("page_count", "page_size"))
        return {"outbox": pages * size}

    def rest(self) -> None:
        """See `Rests`: there is nothing that a child could not have."""

    def end_by(self, moment: float | None) -> None:
        """See `EndsInTime`: nobody is waited for."""

    @property
    def place(self) -> str:
        return PLACE

    def add(self, events: Sequence[NewEvent], connection: Any = None) -> Mapping[str, StoredEvent]:
        """Raises StoreError for a `connection`: no transaction of an application reaches here."""
        if connection is not None:
            raise StoreError("the outbox is in memory, which no connection of an application leads to; leave it out")
        return super().add(events)

    def changed(self) -> bool:
        return self._writer.others_wrote()

    def bell(self, ring: Callable[[], None]) -> None:
        """See `Bell`: there is none."""

    def scrub(self, timeout: float) -> Sequence[str]:
        before = erasing.not_ended(self._reader)
        now = self._clock.time()
        self._writer.run(lambda own: erasing.end(own, before, now))
        return ()

    def free_space(self) -> int | None:
        return None


class _Writer:
    """As `Writer`, for one connection that everybody in the process uses."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._own = 0
        self._seen = -1

    def run(
        self,
        operation: Callable[[sqlite3.Connection], T],
        durable: bool = False,
        single: bool = False,
        limit: float | None = None,
    ) -> T:
        return self._database.exclusive.run(self._run, operation)

    def _run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._database.connection
        before = connection.total_changes
        try:
            connection.execute("BEGIN")
            result = operation(connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"the outbox in memory: {error}; nothing was stored") from error
        finally:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
        if connection.total_changes != before:
            self._database.commits += 1
            self._own += 1
        return result

    def others_wrote(self) -> bool:
        others = self._database.commits - self._own
        was, self._seen = self._seen, others
        return others != was

    def close(self) -> None:
        """The other outboxes go on."""


class _Reader:
    """As `Reader`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._database.exclusive.run(self._ask, query, parameters)

    def _ask(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return self._database.connection.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"the outbox in memory: {error}") from error

    def damaged(self, error: StoreCorrupt) -> StoreCorrupt:
        return error

    def close(self) -> None:
        """The other outboxes go on."""


class _Presences:
    """As `PresenceFiles`, without files."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._beats = database.beats
        self._clock = clock

    def beat(self, beat: Beat) -> None:
        now = self._clock.time()
        _, started, _ = self._beats.get(beat.id, (beat, now - beat.uptime, now))
        self._beats[beat.id] = beat, started, now
        gone = [each for each in self.all() if each.gone]
        for number, each in enumerate(gone):
            if number >= MOST_GONE or each.silent > KEEP:
                self._beats.pop(each.id, None)

    def leave(self, id: str) -> None:
        self._beats.pop(id, None)

    def all(self) -> list[Presence]:
        now = self._clock.time()
        return in_order(
            presence(id, beat.about(), (started, seen, now - seen), beat.in_flight)
            for id, (beat, started, seen) in list(self._beats.items())
        )

    def close(self) -> None:
        """What was told stays until it is told that the process ended."""
