"""SQL of which processes are at work: see `pulp_events.outbox.presence`. The database's clock tells how long each is
silent, so hosts need not agree about the time."""

from __future__ import annotations

from pulp_events.outbox.presence import KEEP, MOST_GONE, SILENT, Beat, Presence, in_order, presence
from pulp_events_postgres.database import Database

# Nobody waits for whoever drops the same rows; a row that is told of anew while it is looked at stays.
_BEAT = f"""
WITH dropped AS (
    DELETE FROM @.pulp_presence p USING (
        SELECT old.id FROM @.pulp_presence old WHERE old.seen < @.pulp_now() - {SILENT} AND old.id <> %(id)s
        AND (old.seen < @.pulp_now() - {KEEP} OR old.id IN (
            SELECT late.id FROM @.pulp_presence late WHERE late.seen < @.pulp_now() - {SILENT}
            ORDER BY late.seen DESC OFFSET {MOST_GONE}))
        FOR UPDATE SKIP LOCKED
    ) gone WHERE p.id = gone.id
)
INSERT INTO @.pulp_presence AS p (id, about, started, seen, in_flight)
SELECT %(id)s, %(about)s, now.moment - %(uptime)s::float8, now.moment, %(in_flight)s::int4
FROM (SELECT @.pulp_now() AS moment OFFSET 0) now
ON CONFLICT (id) DO UPDATE SET about = EXCLUDED.about, seen = EXCLUDED.seen, in_flight = EXCLUDED.in_flight
"""
_ALL = """
SELECT p.id, p.about, p.started, p.seen, now.moment - p.seen, p.in_flight
FROM @.pulp_presence p CROSS JOIN (SELECT @.pulp_now() AS moment OFFSET 0) now
"""


def beat(database: Database, beat: Beat) -> None:
    """Keep that a process is at work."""
    told = {"id": beat.id, "about": beat.about(), "uptime": beat.uptime, "in_flight": beat.in_flight}
    database.execute(_BEAT, told)


def leave(database: Database, id: str) -> None:
    """Forget a process."""
    database.execute("DELETE FROM @.pulp_presence WHERE id = %s", (id,))


def all_of(database: Database) -> list[Presence]:
    """The processes at work, and those that were until they died."""
    rows = database.rows(_ALL, ())
    return in_order(
        presence(id, about, (started, seen, silent), in_flight) for id, about, started, seen, silent, in_flight in rows
    )
