"""SQL that counts deliveries as they come, change and go, so that nobody has to count them when asked.

`pulp_tally` has how many deliveries are in each state, by listener and event type (a `pulp_pair`), and `pulp_counted`
how many events there are. Both are about what stands up to the number `seq` in there: triggers keep them so, whoever
changes a row. What was stored after it is few, and is counted when somebody asks. So `emit` has nothing to do with all
this; now and then a step of `count_on` moves the number. An outbox of an earlier release begins at 0, and is counted
in the same steps.

`pulp_activity` has what happened: see `outbox.activity`. It is written together with the results.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pulp_events.outbox.activity import KEPT, MINUTE, floor
from pulp_events.outbox.happened import Row, of_attempts
from pulp_events.outbox.sqlite.together import as_json
from pulp_events.outbox.states import Outcome, Transition

STEP = 1000
"""Events that one step counts, at most."""
FEW = 5
"""Deliveries up to which triggers take less time than what saves them."""
Move = tuple[str, str, str, str]
"""Listener id and event type of deliveries, the state that they leave, and the one that they enter."""

_ADD_PAIRS = """
INSERT OR IGNORE INTO pulp_pair (listener_id, event_type)
SELECT DISTINCT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)
"""
_ADD = """
INSERT INTO pulp_activity (length, start, pair, what, count)
SELECT ?, ?, p.id, json_extract(value, '$[2]'), json_extract(value, '$[3]')
FROM json_each(?) j CROSS JOIN pulp_pair p
    ON p.listener_id = json_extract(value, '$[0]') AND p.event_type = json_extract(value, '$[1]') WHERE true
ON CONFLICT (length, start, pair, what) DO UPDATE SET count = count + excluded.count
"""
_NEXT = f"""
SELECT max(seq), count(*), COALESCE(sum(alone), 0) FROM (
    SELECT seq, alone FROM pulp_event WHERE seq > ? ORDER BY seq LIMIT {STEP}
)
"""
_NEW = """
SELECT d.listener_id, e.event_type, d.state, count(*) FROM pulp_event e
CROSS JOIN pulp_delivery d ON d.event_seq = e.seq WHERE e.seq > ? AND e.seq <= ? GROUP BY 1, 2, 3
"""
_TALLY = """
INSERT INTO pulp_tally (pair, state, count)
SELECT p.id, json_extract(value, '$[2]'), json_extract(value, '$[3]')
FROM json_each(?) j CROSS JOIN pulp_pair p
    ON p.listener_id = json_extract(value, '$[0]') AND p.event_type = json_extract(value, '$[1]') WHERE true
ON CONFLICT (pair, state) DO UPDATE SET count = count + excluded.count
"""
_PAUSE = "UPDATE pulp_counted SET seq = -seq"
"""No event has such a number, so that no trigger runs; the second time, it is undone."""
_OLD_ATTEMPTS = """
SELECT d.listener_id, e.event_type, e.time, t.started, t.duration, t.outcome FROM pulp_event e
CROSS JOIN pulp_attempt t ON t.event_seq = e.seq CROSS JOIN pulp_delivery d ON d.event_seq = t.event_seq AND d.n = t.n
WHERE e.seq > ? AND e.seq <= ? AND t.started + t.duration < ?
"""
_OLDEST = """
SELECT start, pair, what FROM pulp_activity WHERE length = ? AND start < ? ORDER BY start, pair, what LIMIT ?, 1
"""
_ROLL = """
INSERT INTO pulp_activity (length, start, pair, what, count)
SELECT ?2, start / ?2 * ?2, pair, what, sum(count) FROM pulp_activity
WHERE length = ?1 AND start < ?3 AND (start, pair, what) <= (?4, ?5, ?6) GROUP BY 2, 3, 4 ORDER BY 2, 3, 4
ON CONFLICT (length, start, pair, what) DO UPDATE SET count = count + excluded.count
"""
_ROLLED = "DELETE FROM pulp_activity WHERE length = ? AND start < ? AND (start, pair, what) <= (?, ?, ?)"
_FORGOTTEN = (
    "DELETE FROM pulp_tally WHERE count = 0",
    "DELETE FROM pulp_pair WHERE id NOT IN (SELECT pair FROM pulp_tally) "
    "AND id NOT IN (SELECT pair FROM pulp_activity)",
)
_END = (1 << 62, 0, "")


def note(connection: sqlite3.Connection, rows: Sequence[Row], now: float, length: float = MINUTE) -> None:
    """Add to what happened in the piece of time that has `now`."""
    if rows:
        text = as_json(rows)
        connection.execute(_ADD_PAIRS, (text,))
        connection.execute(_ADD, (int(length), int(floor(now, length)), text))


def note_lost(connection: sqlite3.Connection, lost: Iterable[tuple[str, str]], now: float) -> None:
    """Attempts without a result, of deliveries of these listeners and event types."""
    note(connection, [(*pair, Outcome.LOST, count) for pair, count in Counter(lost).items()], now)


def note_leaving(
    connection: sqlite3.Connection, transition: Transition, condition: str, parameters: Sequence[Any], now: float
) -> None:
    """Deliveries are about to be given up: those for which a condition on `pulp_delivery` holds."""
    rows = connection.execute(
        "SELECT listener_id, (SELECT event_type FROM pulp_event WHERE seq = event_seq), count(*) "
        f"FROM pulp_delivery WHERE {condition} GROUP BY 1, 2",
        parameters,
    )
    note(connection, [(listener_id, event_type, transition, count) for listener_id, event_type, count in rows], now)


def added(connection: sqlite3.Connection, seq: int, listener_id: str, event_type: str, state: str) -> None:
    """A delivery was added to an event that may have been counted already."""
    (counted,) = connection.execute("SELECT seq FROM pulp_counted").fetchone()
    if seq <= counted:
        _add_to_tally(connection, [(listener_id, event_type, state, 1)])


@contextmanager
def by_hand(connection: sqlite3.Connection, moved: Mapping[Move, Sequence[int]]) -> Iterator[None]:
    """Within it, deliveries change their states; `moved`: the numbers of their events. Where they are many, they are
    counted together, and no trigger runs for each."""
    if sum(map(len, moved.values())) <= FEW:
        yield
        return
    (counted,) = connection.execute("SELECT seq FROM pulp_counted").fetchone()
    changes: Counter[tuple[str, str, str]] = Counter()
    for (listener_id, event_type, before, after), seqs in moved.items():
        count = sum(seq <= counted for seq in seqs)
        changes[listener_id, event_type, before] -= count
        changes[listener_id, event_type, after] += count
    connection.execute(_PAUSE)
    yield
    connection.execute(_PAUSE)
    _add_to_tally(connection, [(*key, change) for key, change in changes.items()])


def _add_to_tally(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    text = as_json(rows)
    connection.execute(_ADD_PAIRS, (text,))
    connection.execute(_TALLY, (text,))


def count_on(connection: sqlite3.Connection, now: float) -> bool:
    """Count some more of what was stored meanwhile; True if there may be more."""
    counted, old, began = connection.execute("SELECT seq, old, began FROM pulp_counted").fetchone()
    upto, events, alone = connection.execute(_NEXT, (counted,)).fetchone()
    if not events:
        return False
    if rows := connection.execute(_NEW, (counted, upto)).fetchall():
        _add_to_tally(connection, rows)
    connection.execute("UPDATE pulp_counted SET seq = ?, events = events + ?, alone = alone + ?", (upto, events, alone))
    if counted < old:  # by an earlier release, which did not write down what happened
        note_attempts(connection, connection.execute(_OLD_ATTEMPTS, (counted, min(upto, old), began)), now)
    return bool(events == STEP)


def note_attempts(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]], now: float) -> None:
    """Attempts that are stored, and were not counted when they were recorded; see `happened.of_attempts`."""
    for length, start, happened in of_attempts(rows, now):
        note(connection, happened, start, length)


def roll(connection: sqlite3.Connection, now: float) -> bool:
    """Make longer pieces of time of those that are old, STEP at most, and forget the oldest; True if there are more."""
    more = False
    lengths = list(KEPT)
    for length, following in zip(lengths, [*lengths[1:], None], strict=True):
        # Whole pieces of the next length: each moment is in one piece only, unless somebody sets the clock back.
        before = int(floor(now - KEPT[length] - length, following or length))
        last = connection.execute(_OLDEST, (length, before, STEP - 1)).fetchone()
        more = more or last is not None
        if following is not None:
            connection.execute(_ROLL, (int(length), int(following), before, *(last or _END)))
        gone = connection.execute(_ROLLED, (length, before, *(last or _END))).rowcount
        if following is None and gone and last is None:
            for statement in _FORGOTTEN:
                connection.execute(statement)
    return more
