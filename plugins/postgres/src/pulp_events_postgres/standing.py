"""SQL of what concerns a listener as a whole: the configuration that it was last attempted by, and what holds it up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pulp_events.outbox.rows import to_standing
from pulp_events.outbox.spread import LONGEST, spread
from pulp_events.outbox.standing import PLACES, Hold, Standing
from pulp_events.outbox.states import Transition, kept
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Asked, Database, Within
from pulp_events_postgres.values import numbers, texts

CONFIGURATION, HOLD, LIFTED = "configuration ", "hold ", "lifted "
"""What the keys begin with, in a table that has others too; a listener's id follows."""

_OF_KEYS = "SELECT key, value FROM @.pulp_meta WHERE key = ANY (%s::text[])"
_KEEP = """
INSERT INTO @.pulp_meta SELECT * FROM unnest(%s::text[], %s::text[]) AS u(key, value) ORDER BY u.key
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value RETURNING key
"""
_COUNT = """
INSERT INTO @.pulp_meta SELECT u.key, '1' FROM unnest(%s::text[]) AS u(key) ORDER BY u.key
ON CONFLICT (key) DO UPDATE SET value = (@.pulp_meta.value::int8 + 1)::text RETURNING key
"""
FORGET = "DELETE FROM @.pulp_meta WHERE key = ANY (%s::text[]) RETURNING key"
_PENDING = f"state = '{kept(Transition.HASTEN)}'"
_NOW = "SELECT @.pulp_now()"
_WAITING = f"""
SELECT event_seq, n, ready_at FROM @.pulp_delivery
WHERE {_PENDING} AND listener_id = %s AND ready_at > %s::float8 AND lease IS NULL ORDER BY ready_at LIMIT %s FOR UPDATE
"""
_MOVE = f"""
UPDATE @.pulp_delivery d SET ready_at = u.ready_at
FROM unnest(%s::int8[], %s::int4[], %s::float8[]) AS u(event_seq, n, ready_at)
WHERE d.event_seq = u.event_seq AND d.n = u.n AND d.{_PENDING} AND d.lease IS NULL RETURNING d.n
"""


def renew(database: Database, configurations: Mapping[str, str], dice: Callable[[], float], limit: int) -> int:
    """Remember them, and make due what waits (`hasten`); returns how many. See `Outbox.renew`."""
    there = dict(database.rows(_OF_KEYS, (_keys(CONFIGURATION, configurations),)))
    changed = {each: text for each, text in configurations.items() if there.get(CONFIGURATION + each) != text}
    if not changed:
        return 0

    def operation(own: Connection) -> int:
        return _renew(Within(database, own), changed, dice, limit)

    return database.connections.transaction(operation)


def _renew(asked: Asked, changed: Mapping[str, str], dice: Callable[[], float], limit: int) -> int:
    moved = 0
    [(now,)] = asked.rows(_NOW)
    done: dict[str, str] = {}
    for listener_id in sorted(changed):
        text = changed[listener_id]
        if text:
            found = asked.rows(_WAITING, (listener_id, now + LONGEST, limit - moved))
            if found:
                moments = spread([row[2] for row in found], now, dice())
                asked.rows(
                    _MOVE, (numbers(row[0] for row in found), numbers(row[1] for row in found), numbers(moments))
                )
            moved += len(found)
            if moved >= limit:
                break  # the rest of it may follow, and the others
        done[CONFIGURATION + listener_id] = text
    if done:
        held = sorted(each for each in changed if changed[each] and CONFIGURATION + each in done)
        asked.rows(FORGET, (_keys(HOLD, held),))
        asked.rows(_KEEP, (texts(done), texts(done.values())))
    return moved


def hold(database: Database, holds: Mapping[str, Hold | None]) -> None:
    """What holds these up from now on."""
    if gone := [each for each, held in holds.items() if held is None]:
        database.rows(FORGET, (_keys(HOLD, gone),))
    if there := {HOLD + each: held.to_text() for each, held in holds.items() if held is not None}:
        database.rows(_KEEP, (texts(there), texts(there.values())))


def lift(database: Database, listener_ids: Sequence[str]) -> None:
    """Nothing is to hold these up; how often that was said is counted, for those who hold them."""
    ids = sorted({*listener_ids})
    database.rows(FORGET, (_keys(HOLD, ids),))
    database.rows(_COUNT, (_keys(LIFTED, ids),))


def lifted(database: Database, listener_ids: Sequence[str]) -> dict[str, str]:
    """The counts of `lift`."""
    rows = database.rows(_OF_KEYS, (_keys(LIFTED, listener_ids),))
    return {key.removeprefix(LIFTED): value for key, value in rows}


_FIRST = f"""
SELECT w.id, f.* FROM unnest(%s::text[]) AS w(id) CROSS JOIN LATERAL (
    SELECT e.id AS event_id, d.n, d.ready_at FROM (
        (SELECT event_seq, n, ready_at FROM @.pulp_delivery
         WHERE {_PENDING} AND listener_id = w.id AND lease IS NULL AND ready_at = 0 ORDER BY event_seq, n LIMIT 1)
        UNION ALL
        (SELECT event_seq, n, ready_at FROM @.pulp_delivery
         WHERE {_PENDING} AND listener_id = w.id AND lease IS NULL AND ready_at > 0 ORDER BY event_seq, n LIMIT 1)
        UNION ALL
        (SELECT event_seq, n, ready_at FROM @.pulp_delivery
         WHERE {_PENDING} AND listener_id = w.id AND lease IS NOT NULL ORDER BY event_seq, n LIMIT 1)
    ) d JOIN @.pulp_event e ON e.seq = d.event_seq ORDER BY d.event_seq, d.n LIMIT 1
) f
"""


_QUEUE = f"""
SELECT w.id, f.* FROM unnest(%s::text[]) AS w(id) CROSS JOIN LATERAL (
    SELECT e.id AS event_id, d.n FROM (
        (SELECT event_seq, n FROM @.pulp_delivery
         WHERE {_PENDING} AND listener_id = w.id AND lease IS NULL AND ready_at = 0
         ORDER BY event_seq, n LIMIT {PLACES})
        UNION ALL
        (SELECT event_seq, n FROM @.pulp_delivery
         WHERE {_PENDING} AND listener_id = w.id AND lease IS NULL AND ready_at > 0 AND ready_at <= @.pulp_now()
         ORDER BY ready_at LIMIT {PLACES})
        UNION ALL
        (SELECT event_seq, n FROM @.pulp_delivery
         WHERE {_PENDING} AND listener_id = w.id AND lease IS NOT NULL AND ready_at <= @.pulp_now() LIMIT {PLACES})
    ) d JOIN @.pulp_event e ON e.seq = d.event_seq ORDER BY d.event_seq, d.n LIMIT {PLACES}
) f
"""


def standing(
    database: Database, listener_ids: Sequence[str], with_first: Sequence[str], with_queue: Sequence[str]
) -> dict[str, Standing]:
    """How these stand."""
    holds = dict(database.rows(_OF_KEYS, (_keys(HOLD, listener_ids),)))
    rates = dict(
        database.rows(
            "SELECT DISTINCT ON (listener_id) listener_id, spent_until FROM @.pulp_rate "
            "WHERE listener_id = ANY (%s::text[]) ORDER BY listener_id, version DESC",
            (texts(listener_ids),),
        )
    )
    first = {row[0]: row[1:] for row in database.rows(_FIRST, (texts(with_first),))} if with_first else {}
    queues: dict[str, list[Any]] = {}
    for listener_id, *place in database.rows(_QUEUE, (texts(with_queue),)) if with_queue else ():
        queues.setdefault(listener_id, []).append(tuple(place))
    return {
        each: to_standing(holds.get(HOLD + each), rates.get(each), first.get(each), queues.get(each, ()))
        for each in listener_ids
    }


def forgotten(listener_id: str) -> tuple[Any, ...]:
    """The parameters of FORGET."""
    return (texts(prefix + listener_id for prefix in (CONFIGURATION, HOLD, LIFTED)),)


def _keys(prefix: str, listener_ids: Iterable[str]) -> str:
    return texts(prefix + each for each in listener_ids)
