"""SQL of what was counted (see `counting`), and of what waits.

Each question takes some steps in an index for each listener and event type, however many deliveries are stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn

from pulp_events.errors import StoreCorrupt
from pulp_events.outbox.activity import KEPT, Activities, By
from pulp_events.outbox.activity_rows import FAILED, span_of, to_activities
from pulp_events.outbox.records import Stats
from pulp_events.outbox.rows import to_stats, with_events
from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.outbox.sqlite.ledger import Rows, made
from pulp_events.outbox.states import Outcome, State

_COUNTED = "(SELECT seq FROM pulp_counted)"
# In one statement, so that nothing is missed or counted twice when `counting.count_on` comes between.
_TALLY = f"""
SELECT listener_id, event_type, state, sum(count) FROM (
    SELECT p.listener_id, p.event_type, t.state, t.count FROM {{counted}} WHERE t.count <> 0
    UNION ALL
    SELECT d.listener_id, e.event_type, d.state, count(*)
    FROM pulp_event e CROSS JOIN pulp_delivery d ON d.event_seq = e.seq
    WHERE e.seq > {_COUNTED} {{them}} GROUP BY 1, 2, 3
) GROUP BY 1, 2, 3
"""
"""How many deliveries there are, by listener id, event type and state."""
_AMONG = "IN (SELECT value FROM json_each(?1))"
_TALLY_OF_ALL = _TALLY.format(counted="pulp_tally t CROSS JOIN pulp_pair p ON p.id = t.pair", them="")
_TALLY_OF_SOME = _TALLY.format(
    counted=f"pulp_pair p CROSS JOIN pulp_tally t ON t.pair = p.id AND p.listener_id {_AMONG}",
    them=f"AND d.listener_id {_AMONG}",
)
_EVENTS = """
SELECT c.events + (SELECT count(*) FROM pulp_event WHERE seq > c.seq),
       c.alone + (SELECT count(*) FROM pulp_event WHERE seq > c.seq AND alone = 1),
       (SELECT time FROM pulp_event ORDER BY seq LIMIT 1)
FROM pulp_counted c
"""
_PENDING_OF_ALL = f"""
WITH RECURSIVE pending(id) AS (
    SELECT (SELECT min(listener_id) FROM pulp_delivery WHERE {PENDING})
    UNION ALL
    SELECT (SELECT min(listener_id) FROM pulp_delivery WHERE {PENDING} AND listener_id > pending.id)
    FROM pending WHERE pending.id IS NOT NULL
)
"""
_PENDING_OF_SOME = "WITH pending(id) AS (SELECT DISTINCT value FROM json_each(?1))"
# What was never attempted stands in the order of events; what was is under way, or waits for its retry.
_OLDEST = f"""
SELECT p.id, min(e.time) FROM pending p CROSS JOIN pulp_event e ON e.seq IN (
    (SELECT event_seq FROM pulp_delivery WHERE {PENDING} AND listener_id = p.id AND ready_at = 0
     ORDER BY event_seq LIMIT 1),
    (SELECT min(event_seq) FROM pulp_delivery WHERE {PENDING} AND listener_id = p.id AND ready_at > 0)
) WHERE p.id IS NOT NULL GROUP BY 1
"""
_UNDER_WAY = f"""
SELECT d.listener_id, (SELECT event_type FROM pulp_event WHERE seq = d.event_seq), count(*)
FROM pending p CROSS JOIN pulp_delivery d
    ON d.{PENDING} AND d.listener_id = p.id AND d.ready_at > ?2 AND d.ready_at <= ?3 AND d.lease IS NOT NULL
WHERE p.id IS NOT NULL GROUP BY 1, 2
"""
_FIRST_PENDING = f"""
SELECT min(seq) FROM (
    SELECT (SELECT event_seq FROM pulp_delivery WHERE {PENDING} AND listener_id = p.id AND ready_at = 0
            ORDER BY event_seq LIMIT 1) AS seq FROM pending p WHERE p.id IS NOT NULL
    UNION ALL
    SELECT (SELECT min(event_seq) FROM pulp_delivery WHERE {PENDING} AND listener_id = p.id AND ready_at > 0)
    FROM pending p WHERE p.id IS NOT NULL
)
"""
_OLDEST_OF_TYPE = f"""
SELECT j.value, (
    SELECT e.time FROM pulp_event e WHERE e.event_type = j.value AND e.seq >= ?
    AND EXISTS (SELECT 1 FROM pulp_delivery d WHERE d.event_seq = e.seq AND +d.{PENDING} {{listeners}})
    ORDER BY e.seq LIMIT 1
) FROM json_each(?) j
"""
_LENGTHS = ", ".join(f"({int(each)})" for each in KEPT)
_WORDS = ", ".join(f"'{each}'" for each in FAILED)
_ALL = f"""
FROM pulp_activity a CROSS JOIN pulp_pair p ON p.id = a.pair
WHERE a.length IN (SELECT column1 FROM (VALUES {_LENGTHS})) AND a.start >= ?1 AND a.start < ?2
"""
# A few steps for each piece of time, whatever other listeners have in it.
_OF_SOME = f"""
FROM (
    WITH RECURSIVE piece(length, start) AS (
        SELECT column1, (SELECT min(start) FROM pulp_activity WHERE length = column1 AND start >= ?1)
        FROM (VALUES {_LENGTHS})
        UNION ALL
        SELECT length,
               (SELECT min(a.start) FROM pulp_activity a WHERE a.length = piece.length AND a.start > piece.start)
        FROM piece WHERE piece.start < ?2
    )
    SELECT length, start FROM piece WHERE start < ?2
) x CROSS JOIN pulp_pair p ON p.listener_id IN (SELECT value FROM json_each(?3))
CROSS JOIN pulp_activity a ON a.length = x.length AND a.start = x.start AND a.pair = p.id WHERE true
"""
_HAPPENED = "SELECT p.{key}, a.what, sum(a.count) {rows} GROUP BY 1, 2"
_SOME_WORDS = (
    f"SELECT p.listener_id, a.what, sum(a.count) {_ALL} AND a.what IN (SELECT value FROM json_each(?3)) GROUP BY 1, 2"
)
_SERIES = f"""
SELECT p.{{key}}, a.start / {{step}} * {{step}}, sum(CASE a.what WHEN '{Outcome.DELIVERED}' THEN a.count ELSE 0 END),
       sum(CASE a.what WHEN '{Outcome.DELIVERED}' THEN 0 ELSE a.count END)
{{rows}} AND a.what IN ('{Outcome.DELIVERED}', {_WORDS}) GROUP BY 1, 2
"""


def stats(reader: Rows, listener_ids: Sequence[str] | None = None) -> Stats:
    """Counts of deliveries, in all and by listener, and of events. `listener_ids`: deliveries to these alone."""
    counts: Counter[tuple[str, str]] = Counter()
    for listener_id, _, state, count in _tally(reader, listener_ids):
        counts[listener_id, state] += count
    oldest = _of_pending(reader, _OLDEST, listener_ids)
    [(events, alone, first)] = reader.rows(_EVENTS) or _missing(reader)
    dropped = reader.rows("SELECT event_type, count, first, last FROM pulp_dropped ORDER BY event_type")
    by_listener = [(*key, count) for key, count in counts.items() if count]
    pending_since = min((time for _, time in oldest), default=None)
    return made(reader, lambda: with_events(to_stats(by_listener, pending_since), events, alone, first, dropped))


def _missing(reader: Rows) -> NoReturn:
    raise reader.damaged(StoreCorrupt("table pulp_counted is empty"))


def activity(
    reader: Rows,
    since: datetime,
    until: datetime | None,
    by: By,
    listener_ids: Sequence[str] | None,
    lease: float,
    now: float,
) -> Activities:
    """What happened, and what is pending; see `Outbox.activity`."""
    span = span_of(since, until, now)
    column = 1 if by == By.EVENT_TYPE else 0
    them = () if listener_ids is None else (json.dumps(list(listener_ids)),)
    form = {
        "key": "event_type" if column else "listener_id",
        "rows": _OF_SOME if them else _ALL,
        "step": int(span.step),
    }
    where = (*span.bounds, *them)
    counts = reader.rows(_HAPPENED.format(**form), where)
    series = reader.rows(_SERIES.format(**form), where)
    pending: Counter[str] = Counter()
    for row in _tally(reader, listener_ids):
        if row[2] == State.PENDING:
            pending[row[column]] += row[3]
    pending = +pending
    under_way: Counter[str] = Counter()
    for row in _of_pending(reader, _UNDER_WAY, listener_ids, now, now + lease):
        under_way[row[column]] += row[2]
    if column:
        oldest = _oldest_of_types(reader, list(pending), listener_ids)
    else:
        oldest = dict(_of_pending(reader, _OLDEST, listener_ids))
    return made(reader, lambda: to_activities(span, by, counts, series, pending, under_way, oldest))


def happened(
    reader: Rows, words: Sequence[str], since: datetime, until: datetime | None, now: float
) -> dict[str, dict[str, int]]:
    """How often these happened, by listener; see `CountsWhatEnds`."""
    span = span_of(since, until, now)
    found: dict[str, dict[str, int]] = {}
    for listener_id, what, count in reader.rows(_SOME_WORDS, (*span.bounds, json.dumps(list(words)))):
        found.setdefault(listener_id, {})[what] = count
    return found


def _tally(reader: Rows, listener_ids: Sequence[str] | None) -> list[tuple[Any, ...]]:
    if listener_ids is None:
        return reader.rows(_TALLY_OF_ALL)
    return reader.rows(_TALLY_OF_SOME, (json.dumps(list(listener_ids)),))


def _of_pending(
    reader: Rows, question: str, listener_ids: Sequence[str] | None, *parameters: float
) -> list[tuple[Any, ...]]:
    """The answer for the listeners that have something pending, or for these."""
    if listener_ids is None:
        return reader.rows(_PENDING_OF_ALL + question, (None, *parameters) if parameters else ())
    return reader.rows(_PENDING_OF_SOME + question, (json.dumps(list(listener_ids)), *parameters))


def _oldest_of_types(reader: Rows, types: Sequence[str], listener_ids: Sequence[str] | None) -> dict[str, Any]:
    first = _of_pending(reader, _FIRST_PENDING, listener_ids)[0][0]
    if first is None or not types:
        return {}
    listeners = () if listener_ids is None else (json.dumps(list(listener_ids)),)
    condition = "AND d.listener_id IN (SELECT value FROM json_each(?))" if listeners else ""
    rows = reader.rows(_OLDEST_OF_TYPE.format(listeners=condition), (first, *listeners, json.dumps(types)))
    return {name: time for name, time in rows if time is not None}
