"""SQL of what was counted (see 0014.sql), and of what waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pulp_events.outbox.activity import KEPT, Activities, By, floor
from pulp_events.outbox.activity_rows import FAILED, span_of, to_activities
from pulp_events.outbox.happened import Row, of_attempts
from pulp_events.outbox.records import Stats
from pulp_events.outbox.rows import to_stats, with_events
from pulp_events.outbox.states import Outcome, State
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.values import numbers, texts

FOLD = 20_000
"""Rows that one step sums up, at most."""
_TALLY = """
SELECT t.listener_id, t.event_type, t.state, sum(t.count)::int8 FROM (
    SELECT listener_id, event_type, state, count FROM @.pulp_tally {them}
    UNION ALL SELECT listener_id, event_type, state, count FROM @.pulp_tally_new {them}) t
GROUP BY 1, 2, 3 HAVING sum(t.count) <> 0
"""
_TALLY_OF_ALL = _TALLY.format(them="")
_TALLY_OF_SOME = _TALLY.format(them="WHERE listener_id = ANY (%s::text[])")
_FIRST = "SELECT time FROM @.pulp_event ORDER BY seq LIMIT 1"
# What was never attempted stands in the order of events; what was is under way, or waits for its retry.
_OLDEST = f"""
SELECT u.id, (SELECT e.time FROM @.pulp_event e WHERE e.seq = least(
    (SELECT d.event_seq FROM @.pulp_delivery d WHERE d.state = '{State.PENDING}' AND d.lease IS NULL
        AND d.listener_id = u.id AND d.ready_at = 0 ORDER BY d.event_seq LIMIT 1),
    (SELECT min(d.event_seq) FROM @.pulp_delivery d WHERE d.state = '{State.PENDING}' AND d.lease IS NULL
        AND d.listener_id = u.id AND d.ready_at > 0),
    (SELECT min(d.event_seq) FROM @.pulp_delivery d WHERE d.state = '{State.PENDING}' AND d.lease IS NOT NULL
        AND d.listener_id = u.id))), least(
    (SELECT d.event_seq FROM @.pulp_delivery d WHERE d.state = '{State.PENDING}' AND d.lease IS NULL
        AND d.listener_id = u.id AND d.ready_at = 0 ORDER BY d.event_seq LIMIT 1),
    (SELECT min(d.event_seq) FROM @.pulp_delivery d WHERE d.state = '{State.PENDING}' AND d.lease IS NULL
        AND d.listener_id = u.id AND d.ready_at > 0),
    (SELECT min(d.event_seq) FROM @.pulp_delivery d WHERE d.state = '{State.PENDING}' AND d.lease IS NOT NULL
        AND d.listener_id = u.id))
FROM unnest(%s::text[]) AS u(id)
"""
_OLDEST_OF_TYPE = f"""
SELECT u.name, (SELECT e.time FROM @.pulp_event e WHERE e.event_type = u.name AND e.seq >= %s AND EXISTS (
    SELECT FROM @.pulp_delivery d WHERE d.event_seq = e.seq AND d.state || '' = '{State.PENDING}'
        AND (%s::text[] IS NULL OR d.listener_id = ANY (%s::text[])))
    ORDER BY e.seq LIMIT 1)
FROM unnest(%s::text[]) AS u(name)
"""
_UNDER_WAY = f"""
SELECT d.listener_id, (SELECT e.event_type FROM @.pulp_event e WHERE e.seq = d.event_seq), count(*)
FROM @.pulp_delivery d WHERE d.state = '{State.PENDING}' AND d.lease IS NOT NULL AND d.ready_at > @.pulp_now()
    AND (%s::text[] IS NULL OR d.listener_id = ANY (%s::text[]))
GROUP BY 1, 2
"""
_WITHIN = "a.start >= %s AND a.start < %s AND (%s::text[] IS NULL OR a.listener_id = ANY (%s::text[]))"
_LENGTHS = ", ".join(str(int(each)) for each in KEPT)
_BOTH = f"""(
    SELECT a.start, a.listener_id, a.event_type, a.what, a.count FROM @.pulp_activity a
    WHERE a.length IN ({_LENGTHS}) AND {_WITHIN}
    UNION ALL SELECT a.start, a.listener_id, a.event_type, a.what, a.count FROM @.pulp_activity_new a
    WHERE {_WITHIN}) a"""
_HAPPENED = f"SELECT a.{{key}}, a.what, sum(a.count)::int8 FROM {_BOTH} GROUP BY 1, 2"
_SOME_WORDS = (
    f"SELECT a.listener_id, a.what, sum(a.count)::int8 FROM {_BOTH} WHERE a.what = ANY (%s::text[]) GROUP BY 1, 2"
)
_WORDS = ", ".join(f"'{each}'" for each in (Outcome.DELIVERED, *FAILED))
_SERIES = f"""
SELECT a.{{key}}, a.start / {{step}} * {{step}},
       coalesce(sum(a.count) FILTER (WHERE a.what = '{Outcome.DELIVERED}'), 0)::int8,
       coalesce(sum(a.count) FILTER (WHERE a.what <> '{Outcome.DELIVERED}'), 0)::int8
FROM {_BOTH} WHERE a.what IN ({_WORDS}) GROUP BY 1, 2
"""
NOTE = """
INSERT INTO @.pulp_activity_new (start, listener_id, event_type, what, count)
SELECT u.start, u.listener_id, u.event_type, u.what, u.count
FROM unnest(%s::int8[], %s::text[], %s::text[], %s::text[], %s::int8[])
    AS u(start, listener_id, event_type, what, count)
"""
_EVENT, _ALONE = ("", "", "event"), ("", "", "alone")


def stats(database: Database, listener_ids: Sequence[str] | None = None) -> Stats:
    """Counts of deliveries, in all and by listener, and of events. `listener_ids`: deliveries to these alone."""
    counts: Counter[tuple[str, str]] = Counter()
    events: Counter[tuple[str, str, str]] = Counter()
    events_too = None if listener_ids is None else ["", *listener_ids]
    for listener_id, event_type, state, count in _tally(database, events_too):
        if listener_id:
            counts[listener_id, state] += count
        else:
            events[listener_id, event_type, state] += count
    oldest = _oldest(database, {listener_id for listener_id, state in counts if state == State.PENDING})
    first = database.rows(_FIRST)
    dropped = database.rows("SELECT event_type, count, first, last FROM @.pulp_dropped ORDER BY event_type")
    by_listener = [(*key, count) for key, count in counts.items() if count]
    pending_since = min((time for time, _ in oldest.values()), default=None)
    found = to_stats(by_listener, pending_since)
    return with_events(found, events[_EVENT], events[_ALONE], first[0][0] if first else None, dropped)


def _tally(database: Database, listener_ids: Sequence[str] | None) -> list[tuple[Any, ...]]:
    """Listener id, event type, state and count; of what is none of a listener's, the id is empty."""
    if listener_ids is None:
        return database.rows(_TALLY_OF_ALL)
    return database.rows(_TALLY_OF_SOME, (texts(listener_ids),) * 2)


def _oldest(database: Database, listener_ids: Iterable[str]) -> dict[str, tuple[float, int]]:
    """Time and number of the first event of each that is pending."""
    rows = database.rows(_OLDEST, (texts(listener_ids),))
    return {listener_id: (time, seq) for listener_id, time, seq in rows if time is not None}


def activity(
    database: Database, since: datetime, until: datetime | None, by: By, listener_ids: Sequence[str] | None
) -> Activities:
    """What happened, and what is pending; see `Outbox.activity`."""
    [(now,)] = database.rows("SELECT @.pulp_now()")
    span = span_of(since, until, now)
    wanted = None if listener_ids is None else texts(listener_ids)
    column, key = (1, "event_type") if by == By.EVENT_TYPE else (0, "listener_id")
    within = (*map(int, span.bounds), wanted, wanted) * 2
    counts = database.rows(_HAPPENED.format(key=key), within)
    series = database.rows(_SERIES.format(key=key, step=int(span.step)), within)
    pending: Counter[str] = Counter()
    theirs: set[str] = set()
    for row in _tally(database, listener_ids):
        if row[0] and row[2] == State.PENDING:
            pending[row[column]] += row[3]
            theirs.add(row[0])
    under_way: Counter[str] = Counter()
    for row in database.rows(_UNDER_WAY, (wanted, wanted)):
        under_way[row[column]] += row[2]
    found = _oldest(database, theirs)
    oldest: Mapping[str, Any] = {listener_id: time for listener_id, (time, _) in found.items()}
    if column:
        first = min((seq for _, seq in found.values()), default=0)
        rows = database.rows(_OLDEST_OF_TYPE, (first, wanted, wanted, texts(pending)))
        oldest = {name: time for name, time in rows if time is not None}
    return to_activities(span, by, counts, series, +pending, under_way, oldest)


def happened(
    database: Database, words: Sequence[str], since: datetime, until: datetime | None
) -> dict[str, dict[str, int]]:
    """How often these happened, by listener; see `CountsWhatEnds`."""
    [(now,)] = database.rows("SELECT @.pulp_now()")
    span = span_of(since, until, now)
    parameters = (*(*map(int, span.bounds), None, None) * 2, texts(words))
    found: dict[str, dict[str, int]] = {}
    for listener_id, what, count in database.rows(_SOME_WORDS, parameters):
        found.setdefault(listener_id, {})[what] = count
    return found


def rows_of_attempts(attempts: Iterable[tuple[Any, ...]], now: float) -> list[list[Any]]:
    """Parameters of NOTE for attempts that were recorded elsewhere; see `happened.of_attempts`. Those that were lost
    are noted as they are stored."""
    given = [each for each in attempts if each[5] != Outcome.LOST]
    made = [(int(start), *row) for _, start, rows in of_attempts(given, now) for row in rows]
    return [[row[column] for row in made] for column in range(5)]


def arrays(rows: Sequence[Row]) -> tuple[str, str, str, str]:
    """Listener ids, event types, words and counts."""
    return (
        texts(row[0] for row in rows),
        texts(row[1] for row in rows),
        texts(row[2] for row in rows),
        numbers(row[3] for row in rows),
    )


_ROLL = "SELECT @.pulp_roll(%s, %s, %s, %s)"


def sum_up(database: Database, own: Connection, now: float) -> bool:
    """Sum up what is new, make longer pieces of time of old ones, and forget the oldest; True if there is more."""
    more = bool((own.execute(database.text("SELECT @.pulp_fold(%s)"), (FOLD,)).fetchone() or (False,))[0])
    lengths = list(KEPT)
    for length, following in zip(lengths, [*lengths[1:], None], strict=True):
        before = int(floor(now - KEPT[length] - length, following or length))
        place = (int(length), None if following is None else int(following), before, FOLD)
        more = bool((own.execute(database.text(_ROLL), place).fetchone() or (False,))[0]) or more
    return more
