"""SQL of events as things of their own: read, and given further deliveries."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from pulp_events.events.pattern import is_pattern, matches
from pulp_events.outbox.rows import scope_asked, to_stored_event
from pulp_events.outbox.sqlite import counting
from pulp_events.outbox.sqlite.columns import STORED_EVENT, TYPES
from pulp_events.outbox.sqlite.ledger import DETAIL, Rows, made
from pulp_events.outbox.states import TRANSITIONS, Transition
from pulp_events.outbox.stored_event import Addition, EventQuery, StoredEvent

_LAST_CHARACTER = "\x7f"
"""Sorts after all characters that an id may have."""


_HAS_ERROR = f"""EXISTS (
    SELECT 1 FROM pulp_delivery d WHERE d.event_seq = x.seq AND instr(lower({DETAIL}), lower(?)) > 0
)"""


def event(reader: Rows, event_id: str) -> StoredEvent | None:
    """The event with this id."""
    rows = reader.rows(f"{STORED_EVENT} WHERE e.id = ?", (event_id,))
    return made(reader, lambda: to_stored_event(rows[0])) if rows else None


def events(
    reader: Rows, query: EventQuery, limit: int, before: int | None, after: int | None, oldest_first: bool
) -> list[StoredEvent]:
    """Events that fit, in the order in which they were stored, or the reverse."""
    order = "ASC" if oldest_first else "DESC"
    types = _types(reader, query.event_types)
    few = query.ids is not None or query.id_prefix is not None
    where, parameters = _conditions(query, before, after)
    if types is None or few:
        if types is not None:
            where += " AND x.event_type IN (SELECT value FROM json_each(?))"
            parameters.append(json.dumps(types))
        # Without the plus, SQLite would rather look at all events in their order than sort the few.
        chosen = f"SELECT seq FROM pulp_event x WHERE {where} ORDER BY {'+' if few else ''}seq {order} LIMIT ?"
        statement = f"{STORED_EVENT} WHERE e.seq IN ({chosen})"
    else:
        # So many of each type, in the order of the index: not all of a type, and not all that are of others.
        chosen = f"SELECT seq FROM pulp_event x WHERE x.event_type = t.value AND {where} ORDER BY seq {order} LIMIT ?"
        tables = f"FROM json_each(?) t CROSS JOIN pulp_event e ON e.seq IN ({chosen})"
        statement = STORED_EVENT.replace("FROM pulp_event e", tables)
        parameters.insert(0, json.dumps(types))
    rows = reader.rows(f"{statement} ORDER BY e.seq {order} LIMIT ?", (*parameters, limit, limit))
    return made(reader, lambda: [to_stored_event(row) for row in rows])


_BESIDE = """
SELECT (SELECT max(id) FROM pulp_event WHERE id < wanted.value),
       (SELECT min(id) FROM pulp_event WHERE id > wanted.value)
FROM json_each(?) wanted
"""


def beside(reader: Rows, event_ids: Sequence[str]) -> list[str]:
    """The ids before and after each of these, of those that there are; see `Outbox.beside`."""
    rows = reader.rows(_BESIDE, (json.dumps(list(event_ids)),))
    return [each for row in rows for each in row if each is not None]


def _types(reader: Rows, wanted: Sequence[str] | None) -> list[str] | None:
    """The types that are meant; patterns are compared with those of events that are stored."""
    if wanted is None or "*" in wanted or "#" in wanted:
        return None
    if not any(map(is_pattern, wanted)):
        return list(dict.fromkeys(wanted))
    return [name for (name,) in reader.rows(TYPES) if any(matches(each, name) for each in wanted)]


def _conditions(query: EventQuery, before: int | None, after: int | None) -> tuple[str, list[Any]]:
    """A WHERE clause over x (pulp_event), and its parameters."""
    parts: list[str] = ["1"]
    parameters: list[Any] = []
    for condition, value in (("x.seq < ?", before), ("x.seq > ?", after)):
        if value is not None:
            parts.append(condition)
            parameters.append(value)
    if query.places is not None:
        parts.append("x.seq >= ? AND x.seq < ?")
        parameters += query.places
    # As in `ledger.conditions`: the index of times says where to look, and the time itself decides.
    for bound, toward, condition, moment in (
        ("min(+seq)", ">=", ">=", query.since),
        ("max(+seq)", "<=", "<", query.until),
    ):
        if moment is not None and query.places is not None:
            parts.append(f"+x.time {condition} ?")
            parameters.append(moment.timestamp())
        elif moment is not None:
            outer = f"(SELECT {bound} FROM pulp_event WHERE time {condition} ?)"
            parts.append(f"x.seq {toward} {outer} AND +x.time {condition} ?")
            parameters += [moment.timestamp()] * 2
    if query.id_prefix is not None:
        parts.append("x.id >= ? AND x.id < ?")
        parameters += [query.id_prefix, query.id_prefix + _LAST_CHARACTER]
    if query.ids is not None:
        parts.append("x.id IN (SELECT value FROM json_each(?))")
        parameters.append(json.dumps(list(query.ids)))
    if (asked := scope_asked(query)) is not None:
        parts.append("(x.scope = ? OR substr(x.scope, 1, ?) = ?)")
        parameters += [asked.plain, len(asked.about), asked.about]
    if query.scope_unknown:
        parts.append("x.scope IS NULL")
    if query.error is not None:
        parts.append(_HAS_ERROR)
        parameters.append(query.error)
    return " AND ".join(parts), parameters


_FIND = """
SELECT e.seq, e.event_type, max(e.next_n, COALESCE((SELECT max(n) + 1 FROM pulp_delivery WHERE event_seq = e.seq), 0))
FROM pulp_event e WHERE e.id = ? AND e.erased IS NULL
"""
_IS_THERE = "SELECT 1 FROM pulp_delivery WHERE event_seq = ? AND listener_id = ? AND target = ?"
_IS_REPEATED = "SELECT 1 FROM pulp_delivery WHERE event_seq = ? AND repeat_of = ?"
_ADDED = TRANSITIONS[Transition.EMIT].enters
_ADD = (
    "INSERT INTO pulp_delivery (event_seq, n, listener_id, target, state, repeat_of) "
    f"VALUES (?, ?, ?, ?, '{_ADDED}', ?)"
)


def add_deliveries(connection: sqlite3.Connection, additions: Sequence[Addition]) -> list[str | None]:
    """Store deliveries of events that are there (transition `emit`); see `Outbox.add_deliveries`."""
    return [_add_delivery(connection, each) for each in additions]


def _add_delivery(connection: sqlite3.Connection, new: Addition) -> str | None:
    found = connection.execute(_FIND, (new.event_id,)).fetchone()
    if found is None:
        return None
    seq, event_type, n = found
    if new.repeat_of is None:
        there = connection.execute(_IS_THERE, (seq, new.listener_id, new.target))
    else:
        there = connection.execute(_IS_REPEATED, (seq, new.repeat_of))
    if there.fetchone():
        return None
    connection.execute(_ADD, (seq, n, new.listener_id, new.target, new.repeat_of))
    counting.added(connection, seq, new.listener_id, event_type, _ADDED)
    connection.execute("UPDATE pulp_event SET alone = 0 WHERE seq = ? AND alone = 1", (seq,))
    return f"{new.event_id}.{n}"
