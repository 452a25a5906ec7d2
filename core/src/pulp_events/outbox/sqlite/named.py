"""SQL of claims of certain deliveries: each is looked up by its key, whatever else is pending."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from pulp_events.outbox.rows import split_id
from pulp_events.outbox.sqlite.columns import PENDING

# Row by row, not as JSON: that would round the times, by whose equality windows are told apart.
_NAMED = f"""
SELECT d.event_seq, d.n, d.ready_at, d.lease, d.target, e.time
FROM json_each(?) j CROSS JOIN pulp_event e ON e.id = json_extract(j.value, '$[0]')
CROSS JOIN pulp_delivery d ON d.event_seq = e.seq AND d.n = json_extract(j.value, '$[1]')
WHERE d.{PENDING} AND d.listener_id = ? ORDER BY d.event_seq, d.n
"""


class Named(NamedTuple):
    """One that is pending."""

    event_seq: int
    n: int
    ready_at: float
    lease: str | None
    target: str
    time: float
    """Of its event."""


def pending(connection: sqlite3.Connection, listener_id: str, ids: Sequence[str]) -> list[Named]:
    """Those of the listener's deliveries with these ids that are pending, in emit order."""
    keys = json.dumps([split_id(each) for each in dict.fromkeys(ids)])
    return [Named(*row) for row in connection.execute(_NAMED, (keys, listener_id))]


def choose(found: Sequence[Named], limit: int, now: float) -> list[Named]:
    """Which of them a claim without order takes, as `queue` chooses among all: what was lost alone; else first
    attempts, and of retries that are due at least half of the limit."""
    ready = [one for one in found if one.ready_at <= now]
    if lost := [one for one in ready if one.lease is not None]:
        return lost[:1]
    first = [one for one in ready if one.ready_at == 0]
    due = sorted((one for one in ready if one.ready_at > 0), key=lambda one: (one.ready_at, one[:2]))
    taken = due[: max(max(1, limit // 2), limit - len(first))]
    return sorted((*taken, *first[: max(0, limit - len(taken))]))[:limit]
