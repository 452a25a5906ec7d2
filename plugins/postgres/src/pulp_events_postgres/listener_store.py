"""`PostgresListenerStore`: listener records in a PostgreSQL database."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

import psycopg

from pulp_events.errors import StoreError
from pulp_events.events.remembered import RememberedType
from pulp_events.listeners.broken import Complaints
from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.history import HistoryQuery, ListenerChange, change_from_document, change_to_document
from pulp_events.listeners.listener import Listener
from pulp_events.system import forks
from pulp_events.system.shared_answer import FRESH, SharedAnswer
from pulp_events_postgres import event_types
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.through import Through
from pulp_events_postgres.transactional import joined
from pulp_events_postgres.watch import LISTENERS

T = TypeVar("T")
Own = Connection | psycopg.Cursor[Any]
Rows = Sequence[tuple[Any, ...]]
_Find = Callable[[Own], Rows]

KEEP_HISTORY = 365 * 86400.0
"""Seconds for which changes are kept unless said otherwise."""

_ONE = "SELECT id, document::text FROM @.pulp_listener WHERE id = %s FOR UPDATE"
_WITH_ALL = "SELECT id, document::text FROM @.pulp_listener WHERE document->>'muted_with_all' = 'true'"
"""What a new record joins."""
_ALL = "SELECT id, document::text FROM @.pulp_listener ORDER BY seq"
TURN = "SELECT version FROM @.pulp_listener_version FOR UPDATE"
"""First in each change: one at a time. An application's transaction may make several, and others want to in between."""
EDITING = "SELECT pg_advisory_xact_lock(1886743666, (@(pulp_listener)::oid::int8 %% 2147483647)::int4)"
"""Waits until no other transaction gives names to listeners; for the beginning of one that does."""
_KEEP = """
INSERT INTO @.pulp_listener_history (time, listener_id, document)
SELECT u.time, u.listener_id, u.document::json
FROM unnest(%s::float8[], %s::text[], %s::text[]) WITH ORDINALITY AS u(time, listener_id, document, position)
ORDER BY u.position
"""
_FORGET = "DELETE FROM @.pulp_listener_history WHERE time < %s"
_HISTORY = """
SELECT document::text FROM @.pulp_listener_history
WHERE (%s::text IS NULL OR listener_id = %s)
    AND (%s::float8 IS NULL OR time >= %s) AND (%s::float8 IS NULL OR time < %s)
ORDER BY time DESC, seq DESC LIMIT %s
"""
_BUMP = "UPDATE @.pulp_listener_version SET version = version + 1"


class _Overtaken(Exception):
    """Another transaction added a record with the same id since this one read the records."""


class PostgresListenerStore:
    """Implements `ListenerStore`, `ListenerHistory`, `JoinsTransactions`, `AsksThrough` and
    `RemembersTypes`.

    `fresh`: how old a version may be, in seconds, before it is asked for again.

    A change that this process makes holds for it at once; another's after `fresh` seconds at the latest.
    """

    def __init__(self, database: Database, fresh: float = FRESH, keep_history: float = KEEP_HISTORY) -> None:
        self.database = database
        self._keep_history = keep_history
        self._version = SharedAnswer(self._ask_version, fresh)
        self._start()
        forks.take_part(self)
        self._closed = False
        self._complaints = Complaints()

    def through(self, connection: Any) -> AbstractContextManager[None]:
        """See `AsksThrough`."""
        return self._through.through(connection)

    def _start(self) -> None:
        self._through = Through(self.database)

    def before_fork(self) -> None:
        """See `forks`."""

    def after_fork(self, in_child: bool) -> None:
        """See `forks`."""
        if in_child:
            self._start()

    def version(self) -> Hashable | None:
        if self.database.listeners_changed:
            self.database.listeners_changed = False
            self._version.expire()
        return self._version()

    def _ask_version(self) -> int | None:
        found = self._through.version()
        if found is None:
            found = int(self.database.ask("SELECT version FROM @.pulp_listener_version")[0])
        return found or None

    def all(self) -> Sequence[Listener]:
        rows = self._through.rows(_ALL)
        records, broken = self._sorted_out(self.database.rows(_ALL) if rows is None else rows)
        self._complaints.say(broken)
        return records

    def broken(self) -> Mapping[str, str]:
        return self._sorted_out(self.database.rows(_ALL))[1]

    def rest(self) -> None:
        """See `pulp_events.bus.warming.Rests`."""
        self.database.rest()

    @property
    def place(self) -> str:
        """See `pulp_events.bus.places.HasPlace`."""
        return self.database.place

    def add(self, listener: Listener) -> None:
        self.edit_one(listener.id, lambda edit: edit.add(listener))

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        return self.edit_one(listener_id, lambda edit: edit.change(listener_id, change))

    def remove(self, listener_id: str) -> Listener:
        return self.edit_one(listener_id, lambda edit: edit.remove(listener_id))

    def edit_one(self, listener_id: str, make: Callable[[Edit], T]) -> T:
        return self._edit(partial(self._one_locked, listener_id), make)

    def edit(self, make: Callable[[Edit], T]) -> T:
        return self._edit(self._all_locked, make)

    def _one_locked(self, listener_id: str, own: Own) -> Rows:
        found = own.execute(self.database.text(_ONE), (listener_id,)).fetchall()
        return found or own.execute(self.database.text(_WITH_ALL), ()).fetchall()

    def _all_locked(self, own: Own) -> Rows:
        # One edit at a time: row locks do not keep another from adding what this one looked for and did not find.
        own.execute(self.database.text(EDITING), ())
        return own.execute(self.database.text(f"{_ALL} FOR UPDATE"), ()).fetchall()

    def edit_within(self, connection: Any, make: Callable[[Edit], T], only: str | None = None) -> T:
        records = self._all_locked if only is None else partial(self._one_locked, only)
        try:
            with joined(connection, self.database, "change the listeners") as cursor:
                try:
                    made = self._try(cursor, records, make, lambda records: False)
                    assert made is not None
                    return made[0]
                except _Overtaken:  # by what a snapshot that is older cannot see
                    raise StoreError(
                        "a listener with this id was created meanwhile; roll the transaction back, and begin a new one"
                    ) from None
        finally:
            self._version.forget()

    def _edit(self, find: _Find, make: Callable[[Edit], T]) -> T:
        """`find`: reads and locks the records that the edit may look at."""
        wanted: Edit | None = None
        result: T

        def try_it(own: Connection) -> T:
            nonlocal wanted, result

            def is_done(records: Sequence[Listener]) -> bool:  # the connection was lost while the last try committed
                return wanted is not None and _is_done(wanted, records)

            made = self._try(own, find, make, is_done)
            if made is not None:
                result, wanted = made
            return result

        while True:
            try:
                return self._write(try_it)
            except _Overtaken:
                continue  # and see what the other one stored

    def _try(
        self, own: Own, find: _Find, make: Callable[[Edit], T], is_done: Callable[[Sequence[Listener]], bool]
    ) -> tuple[T, Edit | None] | None:
        own.execute(self.database.text(TURN), ())
        records, broken = self._sorted_out(find(own))
        if is_done(records):
            return None
        edit = Edit(records, broken)
        result = make(edit)
        if edit:
            self._carry_out(own, edit)
            self._keep(own, edit.history)
            self._changed(own)
        return result, edit if edit else None

    def history(self, query: HistoryQuery) -> Sequence[ListenerChange]:
        if not self._keep_history:
            return []
        since = None if query.since is None else query.since.timestamp()
        until = None if query.until is None else query.until.timestamp()
        chosen = (query.listener_id, query.listener_id, since, since, until, until, query.limit)
        rows = self.database.rows(_HISTORY, chosen)
        return [change_from_document(json.loads(document)) for (document,) in rows]

    def remember_types(self, told: Mapping[str, RememberedType]) -> None:
        event_types.remember(self.database, told)

    def remembered_types(self) -> Mapping[str, RememberedType]:
        return event_types.all_of(self.database)

    def forget_types(self, names: Collection[str]) -> int:
        return event_types.forget(self.database, names)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.database.close()

    def _write(self, operation: Callable[[Connection], T]) -> T:
        try:
            return self.database.connections.transaction(operation)
        finally:
            self._version.forget()

    def _changed(self, own: Own) -> None:
        own.execute(self.database.text(_BUMP), ())
        if self.database.connections.listen:
            own.execute("SELECT pg_notify(%s, %s)", (self.database.channel, LISTENERS))

    def _carry_out(self, own: Own, edit: Edit) -> None:
        if edit.removed:
            text = "DELETE FROM @.pulp_listener WHERE id = ANY (%s)"
            own.execute(self.database.text(text), (list(edit.removed),))
        if edit.changed:
            text = (
                "UPDATE @.pulp_listener AS l SET document = u.document::json "
                "FROM unnest(%s::text[], %s::text[]) AS u(id, document) WHERE l.id = u.id"
            )
            own.execute(self.database.text(text), _columns(edit.changed))
        if edit.added:
            text = (
                "INSERT INTO @.pulp_listener (id, document) SELECT u.id, u.document::json "
                "FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS u(id, document, position) "
                "ORDER BY u.position ON CONFLICT (id) DO NOTHING"
            )
            if own.execute(self.database.text(text), _columns(edit.added)).rowcount < len(edit.added):
                raise _Overtaken

    def _keep(self, own: Own, changes: Sequence[ListenerChange]) -> None:
        """Add to the history, and take out of it what is too old."""
        if not changes:
            return
        if self._keep_history:
            columns = (
                [change.time.timestamp() for change in changes],
                [change.listener_id for change in changes],
                [json.dumps(change_to_document(change)) for change in changes],
            )
            own.execute(self.database.text(_KEEP), columns)
        own.execute(self.database.text(_FORGET), (changes[0].time.timestamp() - self._keep_history,))

    def _sorted_out(self, rows: Sequence[tuple[Any, ...]]) -> tuple[list[Listener], dict[str, str]]:
        """The records, and the rows that are none."""
        records, broken = [], {}
        for listener_id, document in rows:
            try:
                records.append(_read(document))
            except ValueError as error:
                broken[listener_id] = self._named(listener_id, error)
        return records, broken

    def _named(self, listener_id: str, error: ValueError) -> str:
        return (
            f"{self.database.address.shown}, table pulp_listener: the record with id {listener_id} is not a valid "
            f"listener and is left out: {error}; correct it there, or restore it from a backup"
        )


def _read(document: str) -> Listener:
    try:
        return from_document(json.loads(document))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _is_done(edit: Edit, records: Sequence[Listener]) -> bool:
    found = {record.id: record for record in records}
    wanted = {**edit.changed, **edit.added}
    return not (edit.removed.keys() - wanted.keys()) & found.keys() and all(
        found.get(listener_id) == listener for listener_id, listener in wanted.items()
    )


def _columns(listeners: Mapping[str, Listener]) -> tuple[list[str], list[str]]:
    return list(listeners), [dump(listener) for listener in listeners.values()]


def dump(listener: Listener) -> str:
    """As it is stored."""
    return json.dumps(to_document(listener))
