"""SQL of the buckets of listeners that have a rate. Each function is part of its caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.rate import credible, taken, tokens, wait_for_more
from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.sqlite.together import as_json

_READ = """
SELECT json_group_array(json_array(listener_id, CAST(round(spent_until * 1000000) AS INTEGER)))
FROM pulp_rate WHERE listener_id IN (SELECT value FROM json_each(?))
"""
_WRITE = """
INSERT OR REPLACE INTO pulp_rate (listener_id, spent_until, seconds, together)
SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]') FROM json_each(?)
"""
_GIVE_BACK = """
UPDATE pulp_rate SET spent_until = spent_until - seconds * CASE WHEN together THEN ? ELSE ? END WHERE listener_id = ?
"""


class Buckets:
    """Those of the listeners that one claim is about."""

    def __init__(self, connection: sqlite3.Connection, requests: Iterable[ClaimRequest], now: float) -> None:
        self._connection = connection
        self._now = now
        self._asked = {request.listener_id: request for request in requests if request.rate is not None}
        self._stored: dict[str, float] = {}
        if self._asked:
            found = connection.execute(_READ, (json.dumps(list(self._asked)),)).fetchone()[0]
            self._stored = {listener_id: spent / 1_000_000 for listener_id, spent in json.loads(found)}

    def left(self, request: ClaimRequest, count: int = 0) -> int:
        """How many tokens a listener with a rate has, once so many are taken."""
        spent, each = self._spent(request)
        return tokens(spent, each, self._now) - count

    def _spent(self, request: ClaimRequest) -> tuple[float, float]:
        assert request.rate is not None
        each = request.rate.each
        return credible(self._stored.get(request.listener_id, 0.0), each, self._now), each

    def within(self, requests: Sequence[ClaimRequest]) -> list[ClaimRequest]:
        """The requests, with no more asked for than there are tokens; of a window's parts, all or nothing."""
        if not self._asked:
            return list(requests)
        return [
            request if request.rate is None else replace(request, limit=min(request.limit, self.left(request)))
            for request in requests
        ]

    def take(self, deliveries: Iterable[Delivery]) -> dict[str, float]:
        """Take the tokens of what was claimed; returns `Claim.throttled`."""
        if not self._asked:
            return {}
        counts: dict[str, int] = {}
        for one in deliveries:
            request = self._asked.get(one.listener_id)
            if request is not None:
                counts[one.listener_id] = 1 if request.window is not None else counts.get(one.listener_id, 0) + 1
        rows = []
        throttled: dict[str, float] = {}
        for listener_id, request in self._asked.items():
            spent, each = self._spent(request)
            if count := counts.get(listener_id):
                spent = taken(spent, each, self._now, count)
            if count or spent < self._stored.get(listener_id, 0.0):
                rows.append((listener_id, spent, each, request.window is not None))
            if tokens(spent, each, self._now) == 0:
                throttled[listener_id] = wait_for_more(spent, each, self._now)
        if rows:
            self._connection.execute(_WRITE, (as_json(rows),))
        return throttled


def give_back(connection: sqlite3.Connection, deliveries: Sequence[Delivery], whole: bool) -> None:
    """Tokens of claimed deliveries that were not attempted; not `whole`: others that leave with them are."""
    if deliveries and connection.execute("SELECT 1 FROM pulp_rate LIMIT 1").fetchone() is not None:
        counts = Counter(one.listener_id for one in deliveries)
        connection.executemany(_GIVE_BACK, [(int(whole), count, listener) for listener, count in counts.items()])
