"""SQL of events as things of their own: read, and given further deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pulp_events.events.pattern import is_pattern, matches
from pulp_events.outbox.rows import scope_asked, to_stored_event
from pulp_events.outbox.states import TRANSITIONS, Transition
from pulp_events.outbox.stored_event import Addition, EventQuery, StoredEvent
from pulp_events_postgres.columns import DETAIL_CONTAINS, STORED_EVENT
from pulp_events_postgres.database import Database
from pulp_events_postgres.values import storable, texts

_TYPES = """
WITH RECURSIVE them(name) AS (
    (SELECT event_type FROM @.pulp_event ORDER BY event_type LIMIT 1)
    UNION ALL
    SELECT (SELECT e.event_type FROM @.pulp_event e WHERE e.event_type > them.name ORDER BY e.event_type LIMIT 1)
    FROM them WHERE them.name IS NOT NULL
)
SELECT name FROM them WHERE name IS NOT NULL
"""
"""The types of all events that are stored: a step in the index for each."""
_LAST_CHARACTER = "\x7f"
"""Sorts after all characters that an id may have."""


_HAS_ERROR = f"EXISTS (SELECT FROM @.pulp_delivery d WHERE d.event_seq = e.seq AND {DETAIL_CONTAINS})"


def event(database: Database, event_id: str) -> StoredEvent | None:
    """The event with this id."""
    rows = database.rows(f"{STORED_EVENT} WHERE e.id = %s", (event_id,), binary=True)
    return to_stored_event(rows[0]) if rows else None


def events(
    database: Database, query: EventQuery, limit: int, before: int | None, after: int | None, oldest_first: bool
) -> list[StoredEvent]:
    """Events that fit, in the order in which they were stored, or the reverse."""
    parts: list[str] = ["true"]
    parameters: list[Any] = []
    prefix = query.id_prefix
    named = types(database, query.event_types)
    for condition, value in (
        ("e.seq < %s", before),
        ("e.seq > %s", after),
        ("e.event_type = ANY (%s::text[])", None if named is None else texts(named)),
        ("e.time >= %s", None if query.since is None else query.since.timestamp()),
        ("e.time < %s", None if query.until is None else query.until.timestamp()),
        ("e.id >= %s", prefix),
        ("e.id < %s", None if prefix is None else prefix + _LAST_CHARACTER),
        ("e.id = ANY (%s::text[])", None if query.ids is None else texts(query.ids)),
        (_HAS_ERROR, None if query.error is None else storable(query.error)),
    ):
        if value is not None:
            parts.append(condition)
            parameters.append(value)
    if query.places is not None:
        parts.append("e.seq >= %s AND e.seq < %s")
        parameters += query.places
    if (asked := scope_asked(query)) is not None:
        parts.append("(e.scope = %s OR left(e.scope, %s) = %s)")
        parameters += [storable(asked.plain), len(asked.about), storable(asked.about)]
    if query.scope_unknown:
        parts.append("e.scope IS NULL")
    # What few ids select is sorted: looking at all events in their order would take longer.
    order = "e.seq" if prefix is None and query.ids is None else "e.seq + 0"
    rows = database.rows(
        f"{STORED_EVENT} WHERE {' AND '.join(parts)} ORDER BY {order} {'ASC' if oldest_first else 'DESC'} LIMIT %s",
        (*parameters, limit),
        binary=True,
    )
    return [to_stored_event(row) for row in rows]


_BESIDE = """
SELECT (SELECT id FROM @.pulp_event WHERE id < wanted ORDER BY id DESC LIMIT 1),
       (SELECT id FROM @.pulp_event WHERE id > wanted ORDER BY id LIMIT 1)
FROM unnest(%s::text[]) AS wanted
"""


def beside(database: Database, event_ids: Sequence[str]) -> list[str]:
    """The ids before and after each of these, of those that there are; see `Outbox.beside`."""
    rows = database.rows(_BESIDE, (texts(event_ids),))
    return [each for row in rows for each in row if each is not None]


def types(database: Database, wanted: Sequence[str] | None) -> Sequence[str] | None:
    """The types that are meant; patterns are compared with those of events that are stored."""
    if wanted is None or "*" in wanted or "#" in wanted:
        return None
    if not any(map(is_pattern, wanted)):
        return wanted
    return [name for (name,) in database.rows(_TYPES) if any(matches(each, name) for each in wanted)]


_ADD = "SELECT * FROM @.pulp_add(%s::text[], %s::text[], %s::text[], %s::text[], %s)"


def add_deliveries(database: Database, additions: Sequence[Addition]) -> list[str | None]:
    """Store deliveries of events that are there (transition `emit`); see `Outbox.add_deliveries`."""
    rows = database.rows(
        _ADD,
        (
            texts(each.event_id for each in additions),
            texts(each.listener_id for each in additions),
            texts(each.target for each in additions),
            texts(each.repeat_of for each in additions),
            TRANSITIONS[Transition.EMIT].enters,
        ),
    )
    added = dict(rows)
    return [f"{each.event_id}.{added[place]}" if place in added else None for place, each in enumerate(additions, 1)]
