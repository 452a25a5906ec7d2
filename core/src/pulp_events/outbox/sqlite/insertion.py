"""Stores an event with its deliveries in one statement.

Python lets go of the interpreter's lock around each SQLite statement, and must then wait for it wherever another thread
computes: a transaction of one statement costs an emitting thread that wait once instead of five times.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from pulp_events.outbox.records import NewDelivery, NewEvent
from pulp_events.outbox.repeated import check_same
from pulp_events.outbox.rows import scope_column, to_stored_event
from pulp_events.outbox.sqlite.columns import STORED_EVENT
from pulp_events.outbox.sqlite.connection import patiently
from pulp_events.outbox.states import TRANSITIONS, Transition
from pulp_events.outbox.stored_event import StoredEvent

_EMITTED = TRANSITIONS[Transition.EMIT].enters.value
_SKIPPED = TRANSITIONS[Transition.SKIP].enters.value

# pulp_delivery has no rowid, so that last_insert_rowid() stays that of the event.
_EVENT = """
    INSERT INTO pulp_event (id, event_type, time, source, report, scope, trace_context)
    VALUES (NEW.id, NEW.event_type, NEW.time, NEW.source, NEW.report, NEW.scope, NEW.trace_context);
"""
_PREPARE = (
    """
CREATE TEMP VIEW pulp_emit AS
SELECT e.id, e.event_type, e.time, e.source, e.report, e.scope, e.trace_context, d.listener_id, d.target, d.state,
       d.finished, d.reason, d.expires
FROM pulp_event e JOIN pulp_delivery d ON d.event_seq = e.seq
""",
    f"""
CREATE TEMP TRIGGER pulp_emit_insert INSTEAD OF INSERT ON pulp_emit BEGIN
    {_EVENT}
    INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state, finished, reason, expires)
    VALUES (last_insert_rowid(), 0, NEW.listener_id, NEW.target, NEW.state, NEW.finished, NEW.reason, NEW.expires);
END
""",
    "CREATE TEMP VIEW pulp_emit_many AS "
    "SELECT id, event_type, time, source, report, scope, trace_context, NULL AS plain, NULL AS others FROM pulp_event",
    # A JSON array of texts is read three times as fast as one of arrays.
    f"""
CREATE TEMP TRIGGER pulp_emit_many_insert INSTEAD OF INSERT ON pulp_emit_many BEGIN
    {_EVENT}
    INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state)
    SELECT last_insert_rowid(), key, value, '', '{_EMITTED}' FROM json_each(NEW.plain);
    INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state, finished, reason, expires)
    SELECT last_insert_rowid(), key, json_extract(value, '$[0]'), json_extract(value, '$[1]'),
           json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]'),
           json_extract(value, '$[5]')
    FROM json_each(NEW.others);
END
""",
)
_ONE = "INSERT INTO pulp_emit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MANY = "INSERT INTO pulp_emit_many VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ALONE = (
    "INSERT INTO pulp_event (id, event_type, time, source, report, scope, trace_context, alone, fingerprint) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ONCE = f"{_ALONE} ON CONFLICT (id) DO NOTHING"


def prepare(connection: sqlite3.Connection) -> None:
    """Make what `insert` needs, visible on this connection only."""
    for statement in _PREPARE:
        patiently(connection.execute, statement)


def insert(connection: sqlite3.Connection, events: Sequence[NewEvent], now: float) -> dict[str, StoredEvent]:
    """Store events with their deliveries (transitions `emit` and `skip`), as a rule by a statement for each.

    Returns what is there already of those that are stored once; see `Outbox.add`.
    """
    found: dict[str, StoredEvent] = {}
    for event in events:
        head = _head(event)
        deliveries = event.deliveries
        if event.once:
            if stored := insert_plainly(connection, event, now):
                found[event.id] = stored
        elif not deliveries:
            connection.execute(_ALONE, (*head, 1, event.fingerprint))
        elif len(deliveries) == 1:
            connection.execute(_ONE, (*head, *columns(deliveries[0], now)))
        elif any(one.target or one.skip is not None or one.expires is not None for one in deliveries):
            others = json.dumps([columns(delivery, now) for delivery in deliveries])
            connection.execute(_MANY, (*head, None, others))
        else:  # as a rule: nothing but who gets it
            plain = json.dumps([delivery.listener_id for delivery in deliveries])
            connection.execute(_MANY, (*head, plain, None))
    return found


def insert_plainly(own: sqlite3.Connection | sqlite3.Cursor, event: NewEvent, now: float) -> StoredEvent | None:
    """The same by statements that need nothing made on the connection; what is there already in its place, if any."""
    head = _head(event)
    # Nothing is read first: within a transaction that reads before it writes, SQLite may be unable to write.
    done = own.execute(_ONCE if event.once else _ALONE, (*head, not event.deliveries, event.fingerprint))
    if event.once and done.rowcount == 0:
        stored = to_stored_event(own.execute(f"{STORED_EVENT} WHERE e.id = ?", (event.id,)).fetchone())
        return check_same(event, stored)
    seq = done.lastrowid
    own.executemany(
        "INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state, finished, reason, expires) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(seq, n, *columns(delivery, now)) for n, delivery in enumerate(event.deliveries)],
    )
    return None


def _head(event: NewEvent) -> tuple[str, str, float, str, bytes, str, str | None]:
    """Its id, event_type, time, source, report, scope and trace_context."""
    head = (event.id, event.event_type, event.time, event.source, event.report)
    return (*head, scope_column(event), event.trace_context)


def columns(delivery: NewDelivery, now: float) -> tuple[str, str, str, float | None, str | None, float | None]:
    """Its listener_id, target, state, finished, reason and expires."""
    if delivery.skip is None:
        return (delivery.listener_id, delivery.target, _EMITTED, None, None, delivery.expires)
    return (delivery.listener_id, delivery.target, _SKIPPED, now, delivery.skip, delivery.expires)
