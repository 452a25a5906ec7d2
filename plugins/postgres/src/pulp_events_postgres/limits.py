"""SQL of what limits an outbox: how much is pending in it, and what was not stored as that was too much."""

from __future__ import annotations

from collections.abc import Mapping

from pulp_events.outbox.states import Transition, kept
from pulp_events_postgres.database import Database
from pulp_events_postgres.values import numbers, texts

# Each half has an index of its own.
_PENDING = f"SELECT 1 FROM @.pulp_delivery WHERE state = '{kept(Transition.CLAIM)}' AND lease IS"
_BACKLOG = f"SELECT count(*) FROM (({_PENDING} NULL LIMIT %s) UNION ALL ({_PENDING} NOT NULL LIMIT %s)) found"
_NOTE = """
INSERT INTO @.pulp_dropped AS d (event_type, count, first, last)
SELECT u.event_type, u.count, now.moment, now.moment FROM unnest(%s::text[], %s::int8[]) AS u(event_type, count)
CROSS JOIN (SELECT @.pulp_now() AS moment OFFSET 0) now ORDER BY u.event_type
ON CONFLICT (event_type) DO UPDATE SET count = d.count + EXCLUDED.count, last = EXCLUDED.last
"""
FORGET = "DELETE FROM @.pulp_dropped WHERE last < %s::float8"
"""Forgets the counts to which nothing was added since then."""


def backlog(database: Database, most: int) -> int:
    """How many deliveries are pending: so many entries of two indexes are passed over."""
    return min(most, int(database.rows(_BACKLOG, (most, most))[0][0]))


def note_dropped(database: Database, counts: Mapping[str, int]) -> None:
    """Add to the counts of events that were dropped."""
    database.execute(_NOTE, (texts(counts), numbers(counts.values())))
