"""SQL of what concerns a listener as a whole: the configuration that it was last attempted by, and what holds it up."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from pulp_events.outbox.rows import to_standing
from pulp_events.outbox.spread import LONGEST, spread
from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.outbox.sqlite.ledger import Rows, made
from pulp_events.outbox.standing import PLACES, Hold, Standing

CONFIGURATION, HOLD, LIFTED = "configuration ", "hold ", "lifted "
"""What the keys begin with, in a table that has others too; a listener's id follows."""

_OF_KEYS = "SELECT key, value FROM pulp_outbox_meta WHERE key IN (SELECT value FROM json_each(?))"
_KEEP = "INSERT OR REPLACE INTO pulp_outbox_meta VALUES (?, ?)"
_COUNT = "INSERT INTO pulp_outbox_meta VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET value = value + 1"
_FORGET = "DELETE FROM pulp_outbox_meta WHERE key = ?"
_WAITING = f"""
SELECT event_seq, n, ready_at FROM pulp_delivery
WHERE {PENDING} AND listener_id = ? AND ready_at > ? AND lease IS NULL ORDER BY ready_at LIMIT ?
"""


def differing(reader: Rows, configurations: Mapping[str, str]) -> dict[str, str]:
    """Those that are not the ones that are remembered."""
    kept = dict(reader.rows(_OF_KEYS, (_keys(CONFIGURATION, configurations),)))
    return {each: text for each, text in configurations.items() if kept.get(CONFIGURATION + each) != text}


def renew(
    connection: sqlite3.Connection, configurations: Mapping[str, str], dice: Callable[[], float], limit: int, now: float
) -> int:
    """Remember them, and make due what waits (`hasten`); see `Outbox.renew`."""
    moved = 0
    kept = dict(connection.execute(_OF_KEYS, (_keys(CONFIGURATION, configurations),)))
    for listener_id, text in configurations.items():
        if kept.get(CONFIGURATION + listener_id) == text:
            continue
        if text:
            found = connection.execute(_WAITING, (listener_id, now + LONGEST, limit - moved)).fetchall()
            moments = spread([row[2] for row in found], now, dice() if found else 0.0)
            connection.executemany(
                "UPDATE pulp_delivery SET ready_at = ? WHERE event_seq = ? AND n = ?",
                [(moment, *row[:2]) for moment, row in zip(moments, found, strict=True)],
            )
            connection.execute(_FORGET, (HOLD + listener_id,))
            moved += len(found)
            if moved >= limit:
                break  # the rest of it may follow, and the others
        connection.execute(_KEEP, (CONFIGURATION + listener_id, text))
    return moved


def hold(connection: sqlite3.Connection, holds: Mapping[str, Hold | None]) -> None:
    """What holds these up from now on."""
    for listener_id, each in holds.items():
        if each is None:
            connection.execute(_FORGET, (HOLD + listener_id,))
        else:
            connection.execute(_KEEP, (HOLD + listener_id, each.to_text()))


def lift(connection: sqlite3.Connection, listener_ids: Iterable[str]) -> None:
    """Nothing is to hold these up; how often that was said is counted, for those who hold them."""
    keys = [*listener_ids]
    connection.executemany(_FORGET, [(HOLD + each,) for each in keys])
    connection.executemany(_COUNT, [(LIFTED + each,) for each in keys])


def lifted(reader: Rows, listener_ids: Iterable[str]) -> dict[str, str]:
    """The counts of `lift`."""
    rows = reader.rows(_OF_KEYS, (_keys(LIFTED, listener_ids),))
    return {key.removeprefix(LIFTED): str(value) for key, value in rows}


def are_held(reader: Rows, listener_ids: Iterable[str]) -> bool:
    """Whether any of them is."""
    return bool(reader.rows(_OF_KEYS, (_keys(HOLD, listener_ids),)))


_FIRST = f"""
SELECT * FROM (
    SELECT e.id, d.n, d.ready_at, d.event_seq FROM pulp_delivery d CROSS JOIN pulp_event e ON e.seq = d.event_seq
    WHERE d.{PENDING} AND d.listener_id = ?1 AND d.ready_at = 0 ORDER BY d.event_seq, d.n LIMIT 1
) UNION ALL SELECT * FROM (
    SELECT e.id, d.n, d.ready_at, d.event_seq FROM pulp_delivery d CROSS JOIN pulp_event e ON e.seq = d.event_seq
    WHERE d.{PENDING} AND d.listener_id = ?1 AND d.ready_at > 0 ORDER BY d.event_seq, d.n LIMIT 1
) ORDER BY 4, 2 LIMIT 1
"""


_QUEUE = f"""
SELECT e.id, d.n FROM (
    SELECT * FROM (
        SELECT event_seq, n FROM pulp_delivery
        WHERE {PENDING} AND listener_id = ?1 AND ready_at = 0 ORDER BY event_seq, n LIMIT ?3
    ) UNION ALL SELECT * FROM (
        SELECT event_seq, n FROM pulp_delivery
        WHERE {PENDING} AND listener_id = ?1 AND ready_at > 0 AND ready_at <= ?2 ORDER BY ready_at LIMIT ?3
    )
) d CROSS JOIN pulp_event e ON e.seq = d.event_seq ORDER BY d.event_seq, d.n LIMIT ?3
"""


def standing(
    reader: Rows, listener_ids: Sequence[str], with_first: Iterable[str], with_queue: Iterable[str], now: float
) -> dict[str, Standing]:
    """How these stand."""
    holds = dict(reader.rows(_OF_KEYS, (_keys(HOLD, listener_ids),)))
    rates = dict(
        reader.rows(
            "SELECT listener_id, spent_until FROM pulp_rate WHERE listener_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(listener_ids)),),
        )
    )
    first = {each: rows[0] for each in with_first if (rows := reader.rows(_FIRST, (each,)))}
    queues = {each: reader.rows(_QUEUE, (each, now, PLACES)) for each in with_queue}
    return made(
        reader,
        lambda: {
            each: to_standing(holds.get(HOLD + each), rates.get(each), first.get(each), queues.get(each, ()))
            for each in listener_ids
        },
    )


def forget(connection: sqlite3.Connection, listener_id: str) -> None:
    """Whatever is kept here of a listener."""
    for prefix in (CONFIGURATION, HOLD, LIFTED):
        connection.execute(_FORGET, (prefix + listener_id,))


def _keys(prefix: str, listener_ids: Iterable[str]) -> str:
    return json.dumps([prefix + each for each in listener_ids])
