"""SQL of erasure: what is removed from the tables. What is left in their files then: `scrubbing`."""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events.outbox.erasure import ERASED, ERASED_AMID, REMOVED, Erased, Erasure, marker
from pulp_events.outbox.rows import to_erasure
from pulp_events.outbox.states import TRANSITIONS, Transition
from pulp_events.system.clock import from_timestamp
from pulp_events.system.ids import new_event_id
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.values import storable, texts

_WAY = TRANSITIONS[Transition.ERASE]
_BEGIN = "INSERT INTO @.pulp_erasure (id, began, who, asked) VALUES (%s, %s, %s, %s)"
_CHOSEN = """
SELECT e.seq, e.event_type,
       greatest(e.next_n, (SELECT max(d.n) + 1 FROM @.pulp_delivery d WHERE d.event_seq = e.seq))
       > (SELECT count(*) FROM @.pulp_delivery d WHERE d.event_seq = e.seq)
FROM @.pulp_event e WHERE e.id = ANY (%s::text[]) AND e.erased IS NULL ORDER BY e.seq
"""
_COUNT = f"""
SELECT (SELECT count(*) FROM @.pulp_delivery d WHERE d.event_seq = ANY (%s) AND d.state || '' = '{_WAY.leaves}'),
       (SELECT count(*) FROM @.pulp_delivery d WHERE d.event_seq = ANY (%s) AND d.state || '' = '{_WAY.leaves}'
            AND d.lease IS NOT NULL AND d.ready_at > @.pulp_now()),
       (SELECT count(*) FROM @.pulp_attempt a WHERE a.event_seq = ANY (%s) AND a.detail <> '')
"""
# Also of a listener that had a success since: its record has what that one said. The deliveries of an event that were
# deleted before it belonged to nobody knows whom.
_HEALTH = """
UPDATE @.pulp_listener_health h SET detail = %s
WHERE h.detail <> '' AND (%s OR h.listener_id IN (
    SELECT d.listener_id FROM @.pulp_delivery d WHERE d.event_seq = ANY (%s)))
"""
_DETAILS = "UPDATE @.pulp_attempt SET detail = %s WHERE event_seq = ANY (%s) AND detail <> ''"
_REASONS = "UPDATE @.pulp_delivery SET reason = %s WHERE event_seq = ANY (%s) AND reason IS NOT NULL"
_PENDING = f"""
UPDATE @.pulp_delivery d SET state = '{_WAY.enters}', finished = @.pulp_now(), ready_at = 0, lease = NULL,
    reason = CASE WHEN d.lease IS NOT NULL AND d.ready_at > @.pulp_now() THEN %s ELSE %s END
WHERE d.event_seq = ANY (%s) AND d.state || '' = '{_WAY.leaves}'
"""
_EVENTS = """
UPDATE @.pulp_event e SET report = u.report, fingerprint = NULL, trace_context = NULL, erased = %s
FROM unnest(%s::int8[], %b::bytea[]) AS u(seq, report) WHERE e.seq = u.seq
"""
_NOTE = """
UPDATE @.pulp_erasure SET events = events + %s, pending = pending + %s, under_way = under_way + %s,
    details = details + %s, ended = NULL WHERE id = %s
"""
_ADD = """
INSERT INTO @.pulp_erasure (id, began, ended, who, asked, events, pending, under_way, details)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING
"""
_LIST = """
SELECT id, began, ended, who, asked, events, pending, under_way, details FROM @.pulp_erasure ORDER BY seq DESC LIMIT %s
"""


def begin(database: Database, by: str, asked: str) -> str:
    """Store the record of an erasure; returns its id."""
    [(now,)] = database.rows("SELECT @.pulp_now()")
    erasure = new_event_id(now)
    database.execute(_BEGIN, (erasure, now, storable(by), storable(asked)))
    return erasure


def erase(database: Database, event_ids: Sequence[str], erasure: str | None) -> Erased:
    """Remove what these events hold (transition `erase`), or count it; see `Outbox.erase`."""
    return database.connections.transaction(lambda own: _erase(database, own, event_ids, erasure))


def _erase(database: Database, own: Connection, event_ids: Sequence[str], erasure: str | None) -> Erased:
    text = database.text
    if erasure is not None:
        own.execute(text("SELECT @.pulp_erasing()"), ())
    # Whoever adds or revives a delivery meanwhile holds these rows, and is waited for.
    locked = _CHOSEN + ("" if erasure is None else " FOR UPDATE")
    events = own.execute(text(locked), (texts(event_ids),)).fetchall()
    them = [seq for seq, _, _ in events]
    counts = own.execute(text(_COUNT), (them, them, them)).fetchone()
    assert counts is not None
    found = Erased(len(events), *counts)
    if erasure is None or not events:
        return found
    [now] = own.execute(text("SELECT @.pulp_now()"), ()).fetchone() or (0.0,)
    own.execute(text(_HEALTH), (REMOVED, any(deleted for _, _, deleted in events), them))
    own.execute(text(_DETAILS), (REMOVED, them))
    own.execute(text(_REASONS), (REMOVED, them))
    own.execute(text(_PENDING), (ERASED_AMID, ERASED, them))
    reports = [marker(event_type, from_timestamp(now)) for _, event_type, _ in events]
    own.execute(text(_EVENTS), (now, them, reports))
    own.execute(text(_NOTE), (found.events, found.pending, found.under_way, found.details, erasure))
    return found


def add(database: Database, erasure: Erasure) -> None:
    """Add a record from another store, unless it is there."""
    done = erasure.erased
    ended = None if erasure.ended is None else erasure.ended.timestamp()
    database.execute(
        _ADD,
        (erasure.id, erasure.began.timestamp(), ended, storable(erasure.by), storable(erasure.asked))
        + (done.events, done.pending, done.under_way, done.details),
    )


def not_ended(database: Database) -> list[tuple[str, int]]:
    """Erasures of which something may be left in the files: the id of each, and how many events it erased so far."""
    rows = database.rows("SELECT id, events FROM @.pulp_erasure WHERE ended IS NULL")
    return [(erasure, events) for erasure, events in rows]


def end(database: Database, ended: Sequence[tuple[str, int]]) -> None:
    """Note of erasures that nothing is left of what they had removed; not of one that went on meanwhile."""
    database.execute(
        "UPDATE @.pulp_erasure e SET ended = @.pulp_now() FROM unnest(%s::text[], %s::int8[]) AS u(id, events) "
        "WHERE e.id = u.id AND e.events = u.events",
        ([erasure for erasure, _ in ended], [events for _, events in ended]),
    )


def erasures(database: Database, limit: int) -> list[Erasure]:
    """The records, newest first."""
    return [to_erasure(row) for row in database.rows(_LIST, (limit,))]
