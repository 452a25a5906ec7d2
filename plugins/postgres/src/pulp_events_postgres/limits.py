"""SQL of what limits an outbox: how much is pending in it, and what was not stored as that was too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pulp_events.outbox.dropped import MOST_TYPES, OTHERS
from pulp_events.outbox.records import Due
from pulp_events.outbox.states import Transition, kept
from pulp_events_postgres import set_up
from pulp_events_postgres.database import Database
from pulp_events_postgres.values import numbers, texts

# Each half has an index of its own.
_PENDING = f"SELECT 1 FROM @.pulp_delivery WHERE state = '{kept(Transition.CLAIM)}' AND lease IS"
_BACKLOG = f"SELECT count(*) FROM (({_PENDING} NULL LIMIT %s) UNION ALL ({_PENDING} NOT NULL LIMIT %s)) found"
_OF_ONE = f"@.pulp_delivery d WHERE d.state = '{kept(Transition.CLAIM)}' AND d.listener_id = l.id AND d.lease IS"
_DUE = " UNION ALL ".join(
    f"""
(SELECT least(coalesce(e.time, now.moment), now.moment), now.moment FROM unnest(%(ids)s::text[]) AS l(id)
 CROSS JOIN (SELECT @.pulp_now() AS moment OFFSET 0) now
 CROSS JOIN LATERAL (SELECT d.event_seq, d.ready_at FROM {_OF_ONE} {lease} AND d.ready_at <= now.moment
                     ORDER BY d.ready_at, d.event_seq LIMIT %(most)s) d
 LEFT JOIN LATERAL (SELECT CASE WHEN d.ready_at > 0 THEN d.ready_at ELSE e.time END AS time
                    FROM @.pulp_event e WHERE e.seq = d.event_seq OFFSET 0) e ON true LIMIT %(most)s)
"""
    for lease in ("NULL", "NOT NULL")
)
_NOTE = f"""
INSERT INTO @.pulp_dropped AS d (event_type, count, first, last)
SELECT n.event_type, sum(n.count), now.moment, now.moment
FROM (SELECT CASE WHEN k.event_type IS NOT NULL
                       OR row_number() OVER (PARTITION BY k.event_type IS NULL ORDER BY u.event_type) + t.count
                          <= {MOST_TYPES}
                  THEN u.event_type ELSE '{OTHERS}' END AS event_type, u.count
      FROM unnest(%s::text[], %s::int8[]) AS u(event_type, count)
      LEFT JOIN @.pulp_dropped k ON k.event_type = u.event_type
      CROSS JOIN (SELECT count(*) FROM @.pulp_dropped WHERE event_type <> '{OTHERS}') t) n
CROSS JOIN (SELECT @.pulp_now() AS moment OFFSET 0) now GROUP BY n.event_type, now.moment ORDER BY n.event_type
ON CONFLICT (event_type) DO UPDATE SET count = d.count + EXCLUDED.count, last = EXCLUDED.last
"""
_LISTENERS = ["pulp_listener", "pulp_listener_history", "pulp_listener_version"]
_SIZES = """
SELECT CASE WHEN c.relname = ANY (%s::text[]) THEN 'listeners' ELSE 'outbox' END,
       coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8
FROM pg_class c JOIN pg_class e ON e.relnamespace = c.relnamespace AND e.oid = @(pulp_event)
WHERE c.relkind = 'r' AND c.relname = ANY (%s::text[]) GROUP BY 1
"""
FORGET = "DELETE FROM @.pulp_dropped WHERE last < %s::float8"
"""Forgets the counts to which nothing was added since then."""


def backlog(database: Database, most: int) -> int:
    """How many deliveries are pending: so many entries of two indexes are passed over."""
    return min(most, int(database.rows(_BACKLOG, (most, most))[0][0]))


def due(database: Database, listener_ids: Sequence[str], most: int) -> Due:
    """What might be attempted now: so many entries of two indexes are passed over."""
    rows = database.rows(_DUE, {"ids": texts(listener_ids), "most": most})
    if not rows:
        return Due(0, 0.0)
    return Due(min(most, len(rows)), max(now - since for since, now in rows))


def note_dropped(database: Database, counts: Mapping[str, int]) -> None:
    """Add to the counts of events that were dropped."""
    database.execute(_NOTE, (texts(counts), numbers(counts.values())))


def sizes(database: Database) -> dict[str, int]:
    """Bytes of our tables with their indexes, and of no others that the schema has."""
    return {what: int(size) for what, size in database.rows(_SIZES, (texts(_LISTENERS), texts(set_up.tables())))}
