"""SQL of erasure: what is removed from the tables. What is left in the file then: `scrubbing`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from pulp_events.outbox.erasure import ERASED, ERASED_AMID, REMOVED, Erased, Erasure, marker
from pulp_events.outbox.rows import to_erasure
from pulp_events.outbox.sqlite import counting
from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.outbox.sqlite.ledger import Rows, made
from pulp_events.outbox.states import TRANSITIONS, Transition
from pulp_events.system.clock import from_timestamp
from pulp_events.system.ids import new_event_id

_CHOSEN = """
SELECT e.seq, e.event_type,
       max(e.next_n, COALESCE((SELECT max(d.n) + 1 FROM pulp_delivery d WHERE d.event_seq = e.seq), 0))
       > (SELECT count(*) FROM pulp_delivery d WHERE d.event_seq = e.seq)
FROM json_each(?) j CROSS JOIN pulp_event e ON e.id = j.value WHERE e.erased IS NULL
"""
_OF_THEM = "event_seq IN (SELECT value FROM json_each(?))"
_COUNT = f"""
SELECT (SELECT count(*) FROM pulp_delivery WHERE {_OF_THEM} AND +{PENDING}),
       (SELECT count(*) FROM pulp_delivery WHERE {_OF_THEM} AND +{PENDING} AND lease IS NOT NULL AND ready_at > ?),
       (SELECT count(*) FROM pulp_attempt WHERE {_OF_THEM} AND detail <> '')
"""
# Also of a listener that had a success since: its record has what that one said. The deliveries of an event that were
# deleted before it belonged to nobody knows whom.
_HEALTH = f"""
UPDATE pulp_listener_health SET detail = ?1
WHERE detail <> '' AND (?2 OR listener_id IN (
    SELECT listener_id FROM pulp_delivery WHERE {_OF_THEM.replace("?", "?3")}))
"""


def begin(connection: sqlite3.Connection, by: str, asked: str, now: float) -> str:
    """Store the record of an erasure; returns its id."""
    erasure = new_event_id(now)
    connection.execute(
        "INSERT INTO pulp_erasure (id, began, who, asked) VALUES (?, ?, ?, ?)", (erasure, now, by, asked)
    )
    return erasure


def erase(connection: sqlite3.Connection, event_ids: Sequence[str], erasure: str | None, now: float) -> Erased:
    """Remove what these events hold (transition `erase`), or count it; see `Outbox.erase`."""
    events = connection.execute(_CHOSEN, (json.dumps(list(event_ids)),)).fetchall()
    them = json.dumps([seq for seq, _, _ in events])
    pending, under_way, details = connection.execute(_COUNT, (them, them, now, them)).fetchone()
    found = Erased(len(events), pending, under_way, details)
    if erasure is None or not events:
        return found
    way = TRANSITIONS[Transition.ERASE]
    counting.note_leaving(connection, Transition.ERASE, f"+state = '{way.leaves}' AND {_OF_THEM}", (them,), now)
    connection.execute(_HEALTH, (REMOVED, any(deleted for _, _, deleted in events), them))
    connection.execute(f"UPDATE pulp_attempt SET detail = ? WHERE {_OF_THEM} AND detail <> ''", (REMOVED, them))
    connection.execute(f"UPDATE pulp_delivery SET reason = ? WHERE {_OF_THEM} AND reason IS NOT NULL", (REMOVED, them))
    connection.execute(
        f"UPDATE pulp_delivery SET state = '{way.enters}', finished = ?, ready_at = 0, lease = NULL, "
        f"reason = CASE WHEN lease IS NOT NULL AND ready_at > ? THEN ? ELSE ? END "
        f"WHERE +state = '{way.leaves}' AND {_OF_THEM}",
        (now, now, ERASED_AMID, ERASED, them),
    )
    connection.executemany(
        "UPDATE pulp_event SET report = ?, fingerprint = NULL, trace_context = NULL, erased = ? WHERE seq = ?",
        [(marker(event_type, from_timestamp(now)), now, seq) for seq, event_type, _ in events],
    )
    connection.execute(
        "UPDATE pulp_erasure SET events = events + ?, pending = pending + ?, under_way = under_way + ?, "
        "details = details + ?, ended = NULL WHERE id = ?",
        (found.events, found.pending, found.under_way, found.details, erasure),
    )
    return found


def not_ended(reader: Rows) -> list[tuple[str, int]]:
    """Erasures of which something may be left in the file: the id of each, and how many events it has erased so far."""
    return [(id, events) for id, events in reader.rows("SELECT id, events FROM pulp_erasure WHERE ended IS NULL")]


def end(connection: sqlite3.Connection, ended: Sequence[tuple[str, int]], now: float) -> None:
    """Note of erasures that nothing is left of what they had removed; not of one that went on meanwhile."""
    connection.executemany(
        "UPDATE pulp_erasure SET ended = ? WHERE id = ? AND events = ?", [(now, *each) for each in ended]
    )


def erasures(reader: Rows, limit: int) -> list[Erasure]:
    """The records, newest first."""
    rows = reader.rows(
        "SELECT id, began, ended, who, asked, events, pending, under_way, details FROM pulp_erasure "
        "ORDER BY seq DESC LIMIT ?",
        (limit,),
    )
    return made(reader, lambda: [to_erasure(row) for row in rows])
