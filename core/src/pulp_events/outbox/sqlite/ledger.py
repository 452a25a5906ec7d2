"""SQL of what administrators ask of the outbox: lists, attempts, counts, retries, deletions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from pulp_events.errors import StoreCorrupt
from pulp_events.events.own_names import OWN
from pulp_events.events.pattern import is_pattern
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.records import DeliveryQuery, Health
from pulp_events.outbox.rows import scope_asked, split_id, to_attempt, to_delivery, to_health
from pulp_events.outbox.sqlite import counting
from pulp_events.outbox.sqlite.columns import (
    ATTEMPT_COLUMNS,
    DELIVERY_COLUMNS,
    DELIVERY_TABLES,
    EVENT_TABLES,
    MATCHES,
    TYPES,
)
from pulp_events.outbox.sqlite.together import OF_KEYS, as_json
from pulp_events.outbox.states import FINISHED, TRANSITIONS, State, Transition, kept

T = TypeVar("T")


class Rows(Protocol):
    """What can be asked: the reading connection of a process, or one that only looks on."""

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""

    def damaged(self, error: StoreCorrupt) -> StoreCorrupt:
        """What to raise for rows that are none of ours."""


def made(reader: Rows, make: Callable[[], T]) -> T:
    """What is made of rows; StoreCorrupt, as the reader says it, where they are none of ours."""
    try:
        return make()
    except StoreCorrupt as error:
        raise error if isinstance(error.__cause__, sqlite3.Error) else reader.damaged(error) from error


def ready(reader: Rows, query: str, now: float) -> dict[str, float]:
    """Listeners with pending deliveries → seconds until the first may be claimed, from rows of both."""
    rows = reader.rows(query)
    if not all(type(listener_id) is str and isinstance(ready_at, int | float) for listener_id, ready_at in rows):
        raise reader.damaged(StoreCorrupt("a pending delivery has no due time"))
    return {listener_id: max(0.0, ready_at - now) for listener_id, ready_at in rows}


def of_event(reader: Rows, event_id: str) -> list[Delivery]:
    """All deliveries of an event, in the order in which they were stored."""
    rows = reader.rows(
        f"SELECT {DELIVERY_COLUMNS} FROM {DELIVERY_TABLES} "
        "WHERE d.event_seq = (SELECT seq FROM pulp_event WHERE id = ?) ORDER BY d.n",
        (event_id,),
    )
    return made(reader, lambda: [to_delivery(row) for row in rows])


def counts_of_event(reader: Rows, event_id: str) -> dict[str, int]:
    """How many deliveries of an event each listener has."""
    return dict(
        reader.rows(
            "SELECT listener_id, count(*) FROM pulp_delivery "
            "WHERE event_seq = (SELECT seq FROM pulp_event WHERE id = ?) GROUP BY 1",
            (event_id,),
        )
    )


def find(
    reader: Rows,
    query: DeliveryQuery,
    limit: int,
    before: str | None = None,
    after: str | None = None,
    oldest_first: bool = False,
) -> list[Delivery]:
    """Deliveries that fit, newest first or oldest first."""
    where, parameters = conditions(query)
    # Event types have an index in the order of the list; dead ones too, and they are few.
    one_type = query.event_type is not None and not is_pattern(query.event_type)
    events_first = one_type and query.state != State.DEAD
    tables, seq = (EVENT_TABLES, "e.seq") if events_first else (DELIVERY_TABLES, "d.event_seq")
    for toward, bound in (("<", before), (">", after)):
        if bound is not None:
            event_id, n = split_id(bound)
            last = "(SELECT seq FROM pulp_event WHERE id = ?)"
            where += f" AND {seq} {toward}= {last} AND (d.event_seq, d.n) {toward} ({last}, ?)"
            parameters += [event_id, event_id, n]
    order = "ASC" if oldest_first else "DESC"
    rows = reader.rows(
        f"SELECT {DELIVERY_COLUMNS} FROM {tables} WHERE {where} ORDER BY {seq} {order}, d.n {order} LIMIT ?",
        (*parameters, limit),
    )
    return made(reader, lambda: [to_delivery(row) for row in rows])


def attempts(reader: Rows, delivery_id: str) -> list[Attempt]:
    """Attempts of a delivery, in order."""
    rows = reader.rows(
        f"SELECT {ATTEMPT_COLUMNS} FROM pulp_attempt "
        "WHERE event_seq = (SELECT seq FROM pulp_event WHERE id = ?) AND n = ? ORDER BY number",
        split_id(delivery_id),
    )
    return made(reader, lambda: [to_attempt(row) for row in rows])


DETAIL = """COALESCE(d.reason, (
    SELECT detail FROM pulp_attempt a WHERE a.event_seq = d.event_seq AND a.n = d.n AND a.number = d.attempts
), '')"""
"""The detail of d (pulp_delivery)."""
_HAS_REPEAT = """EXISTS (
    SELECT 1 FROM pulp_delivery r WHERE r.event_seq = d.event_seq AND r.repeat_of = e.id || '.' || d.n
)"""

# A lease that ended without a result is nobody's: the process is gone.
_FREE = "(d.lease IS NULL OR d.ready_at <= ?)"


_HEARD = """(e.scope = ? AND e.event_type NOT IN (SELECT value FROM json_each(?))
    OR e.scope IN (SELECT value FROM json_each(?)))"""


def conditions(query: DeliveryQuery) -> tuple[str, list[Any]]:
    """A WHERE clause over d (pulp_delivery) and e (pulp_event), and its parameters."""
    parts: list[str] = ["1"]
    parameters: list[Any] = []
    if query.state is not None:
        # Dead ones have an index in the order of the list. For pending ones the + keeps SQLite from theirs, which is
        # in another order: sorting a million rows takes longer than passing over some.
        parts.append(f"d.state = '{State.DEAD}'" if query.state == State.DEAD else "+d.state = ?")
        parameters += [] if query.state == State.DEAD else [query.state]
    for column, value in (
        ("+d.listener_id", query.listener_id),
        ("e.event_type", query.event_type),
    ):
        if value is None:
            continue
        if column == "e.event_type" and is_pattern(value):
            parts.append(f"e.event_type IN ({TYPES} AND {MATCHES}(?, name))")
            parameters.append(value)
        else:
            parts.append(f"{column} = ?")
            parameters.append(value)
    if query.event_id is not None:
        # By its place, so that no other event is looked at: asked for the id, SQLite walks along the list for it.
        parts.append("d.event_seq = (SELECT seq FROM pulp_event WHERE id = ?)")
        parameters.append(query.event_id)
    if query.listener_ids is not None:
        parts.append("+d.listener_id IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(list(query.listener_ids)))
    if query.error is not None:
        parts.append(f"instr(lower({DETAIL}), lower(?)) > 0")
        parameters.append(query.error)
    for fact, wanted in (
        ("d.repeat_of IS NOT NULL", query.is_repeat),
        (_HAS_REPEAT, query.has_repeat),
        ("e.erased IS NOT NULL", query.erased),
    ):
        if wanted is not None:
            parts.append(fact if wanted else f"NOT ({fact})")
    if (asked := scope_asked(query)) is not None:
        if asked.among is None:
            parts.append("(e.scope = ? OR substr(e.scope, 1, ?) = ?)")
            parameters += [asked.plain, len(asked.about), asked.about]
        else:
            parts.append(_HEARD)
            parameters += [asked.plain, json.dumps(sorted(OWN)), json.dumps(asked.among)]
    if query.not_event_types is not None:
        parts.append("e.event_type NOT IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(list(query.not_event_types)))
    if query.waiting_at is not None:
        parts.append(f"+d.state = '{State.PENDING}' AND d.lease IS NULL AND d.ready_at > ?")
        parameters.append(query.waiting_at.timestamp())
    if query.free_at is not None:
        parts.append(f"+d.state = '{State.PENDING}' AND {_FREE}")
        parameters.append(query.free_at.timestamp())
    if query.places is not None:
        # Of both tables, as either may be the one to be looked for first.
        parts.append("d.event_seq >= ? AND d.event_seq < ? AND e.seq >= ? AND e.seq < ?")
        parameters += query.places * 2
    # Events are stored nearly in the order of their times, but clocks step, and processes overtake each other: the
    # first and the last that fit, which the index knows, bound the rows to be looked at, and the time itself decides.
    for bound, condition, moment in (("min(+seq)", ">=", query.since), ("max(+seq)", "<", query.until)):
        if moment is not None and query.places is not None:  # few are looked at as it is
            parts.append(f"+e.time {condition} ?")
            parameters.append(moment.timestamp())
        elif moment is not None:
            toward = ">=" if bound.startswith("min") else "<="
            outer = f"(SELECT {bound} FROM pulp_event WHERE time {condition} ?)"
            parts.append(f"d.event_seq {toward} {outer} AND +e.time {condition} ?")
            parameters += [moment.timestamp()] * 2
    if query.ids is not None:
        parts.append(_AMONG)
        parameters.append(json.dumps([split_id(delivery_id) for delivery_id in query.ids]))
    return " AND ".join(parts), parameters


_AMONG = """(d.event_seq, d.n) IN (
    SELECT k.seq, json_extract(asked.value, '$[1]') FROM json_each(?) asked
    JOIN pulp_event k ON k.id = json_extract(asked.value, '$[0]'))"""
KEY_TABLES = "pulp_delivery d CROSS JOIN pulp_event e ON e.seq = d.event_seq"
_KEYS = f"SELECT d.event_seq, d.n FROM {KEY_TABLES} WHERE"


def revive(connection: sqlite3.Connection, query: DeliveryQuery, limit: int) -> int:
    """Dead deliveries that fit become pending (transition `revive`), the oldest first."""
    way = TRANSITIONS[Transition.REVIVE]
    where, parameters = conditions(query)
    keys = connection.execute(
        f"{_KEYS} d.state = '{way.leaves}' AND e.erased IS NULL AND {where} ORDER BY d.event_seq, d.n LIMIT ?",
        (*parameters, limit),
    ).fetchall()
    connection.executemany(
        f"UPDATE pulp_delivery SET state = '{way.enters}', ready_at = 0, lease = NULL, finished = NULL, reason = NULL, "
        f"expires = NULL, forgiven = attempts WHERE event_seq = ? AND n = ? AND state = '{way.leaves}'",
        keys,
    )
    return len(keys)


def hasten(connection: sqlite3.Connection, query: DeliveryQuery, limit: int, now: float) -> int:
    """Pending deliveries that fit, that nobody is attempting and that are not due are due now (`hasten`)."""
    state = kept(Transition.HASTEN)
    keys = _pending(connection, query, f"d.state = '{state}' AND d.lease IS NULL AND d.ready_at > ?", now, limit)
    connection.executemany("UPDATE pulp_delivery SET ready_at = ? WHERE event_seq = ? AND n = ?",
                           [(now, *key) for key in keys])  # fmt: skip
    return len(keys)


def discard(connection: sqlite3.Connection, query: DeliveryQuery, reason: str, limit: int, now: float) -> int:
    """Pending deliveries that fit and that nobody is attempting are given up (`discard`)."""
    way = TRANSITIONS[Transition.DISCARD]
    keys = _pending(connection, query, f"d.state = '{way.leaves}' AND {_FREE}", now, limit)
    counting.note_leaving(connection, Transition.DISCARD, OF_KEYS, (as_json(keys),), now)
    connection.executemany(
        f"UPDATE pulp_delivery SET state = '{way.enters}', finished = ?, reason = ?, ready_at = 0, lease = NULL "
        "WHERE event_seq = ? AND n = ?",
        [(now, reason, *key) for key in keys],
    )
    return len(keys)


def _pending(
    connection: sqlite3.Connection, query: DeliveryQuery, which: str, now: float, limit: int
) -> list[tuple[int, int]]:
    """In no order: with one, SQLite would not use the index of what is pending."""
    where, parameters = conditions(query)
    return connection.execute(f"{_KEYS} {which} AND {where} LIMIT ?", (now, *parameters, limit)).fetchall()


_FINISHED = "({})".format(", ".join(f"'{state}'" for state in FINISHED))


def purge(connection: sqlite3.Connection, query: DeliveryQuery, limit: int, events_before: float) -> int:
    """Finished deliveries that fit are deleted, the oldest first; an event from before then goes with its last one."""
    where, parameters = conditions(query)
    keys = connection.execute(
        f"{_KEYS} d.state IN {_FINISHED} AND {where} ORDER BY d.event_seq, d.n LIMIT ?", (*parameters, limit)
    ).fetchall()
    delete(connection, keys, events_before)
    return len(keys)


def delete(connection: sqlite3.Connection, keys: list[tuple[int, int]], events_before: float) -> None:
    """Delete deliveries with their attempts, and the events that then have none and are from before then."""
    connection.executemany("DELETE FROM pulp_attempt WHERE event_seq = ? AND n = ?", keys)
    connection.executemany("DELETE FROM pulp_delivery WHERE event_seq = ? AND n = ?", keys)
    highest: dict[int, int] = {}
    for seq, n in keys:
        highest[seq] = max(n, highest.get(seq, n))
    bereft = "NOT EXISTS (SELECT 1 FROM pulp_delivery WHERE event_seq = ?1)"
    connection.executemany(
        f"DELETE FROM pulp_event WHERE seq = ?1 AND time < ?2 AND {bereft}", [(seq, events_before) for seq in highest]
    )
    left = connection.execute(
        "SELECT e.seq FROM json_each(?) j CROSS JOIN pulp_event e ON e.seq = j.value", (json.dumps([*highest]),)
    ).fetchall()
    connection.executemany(
        f"UPDATE pulp_event SET next_n = max(next_n, ?2), alone = {bereft} WHERE seq = ?1",
        [(seq, highest[seq] + 1) for (seq,) in left],
    )


def count(reader: Rows, query: DeliveryQuery) -> int:
    """How many deliveries fit."""
    where, parameters = conditions(query)
    return int(reader.rows(f"SELECT count(*) FROM {KEY_TABLES} WHERE {where}", parameters)[0][0])


def health(reader: Rows, listener_ids: Sequence[str] | None = None) -> dict[str, Health]:
    """How deliveries went, by listener: of these, or of all."""
    statement, of_some = "SELECT * FROM pulp_listener_health", "WHERE listener_id IN (SELECT value FROM json_each(?))"
    if listener_ids is None:
        rows = reader.rows(statement)
    else:
        rows = reader.rows(f"{statement} {of_some}", (json.dumps(list(listener_ids)),))
    return made(reader, lambda: to_health(rows))


def forget(connection: sqlite3.Connection, listener_id: str) -> None:
    """A listener's record of failures, and the bucket of its rate."""
    for table in ("pulp_listener_health", "pulp_rate"):
        connection.execute(f"DELETE FROM {table} WHERE listener_id = ?", (listener_id,))


_NOTE = "note "
"""What the keys of notes begin with, in a table that has others too."""


def note(connection: sqlite3.Connection, key: str, text: str) -> None:
    """Keep a text under a key."""
    connection.execute("INSERT OR REPLACE INTO pulp_outbox_meta VALUES (?, ?)", (_NOTE + key, text))


def note_if(connection: sqlite3.Connection, key: str, before: str | None, after: str) -> bool:
    """Keep a text under a key if what is kept there is `before`, None: nothing."""
    if before is None:
        statement, parameters = "INSERT OR IGNORE INTO pulp_outbox_meta VALUES (?, ?)", (_NOTE + key, after)
    else:
        statement = "UPDATE pulp_outbox_meta SET value = ?2 WHERE key = ?1 AND value = ?3"
        parameters = (_NOTE + key, after, before)  # type: ignore[assignment]
    return connection.execute(statement, parameters).rowcount == 1


def notes(reader: Rows, prefix: str) -> dict[str, str]:
    """Texts by their keys."""
    begin = _NOTE + prefix
    rows = reader.rows(
        "SELECT key, value FROM pulp_outbox_meta WHERE substr(key, 1, ?) = ? ORDER BY key", (len(begin), begin)
    )
    return {str(key).removeprefix(_NOTE): str(text) for key, text in rows}
