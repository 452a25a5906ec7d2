"""SQL of the way of a stored delivery: claimed, and given back. Each function is part of its caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from pulp_events.errors import StoreCorrupt
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import HELD_UP, Claim, ClaimRequest
from pulp_events.outbox.rows import split_id, to_delivery
from pulp_events.outbox.sqlite import counting, expiry, named, windows
from pulp_events.outbox.sqlite.columns import PENDING
from pulp_events.outbox.sqlite.expiry import is_past
from pulp_events.outbox.sqlite.rates import Buckets, give_back
from pulp_events.outbox.sqlite.together import LISTED, OF_IDS, OF_KEYS, Row, as_json, of_keys, of_listeners, read
from pulp_events.outbox.states import TRANSITIONS, Outcome, Transition, kept

FEW_LIMITS = 4
"""Different limits for which a statement each is worth more than reading some rows too many."""
LOST = "no result before the lease ended: the process that made this attempt stopped or was cut off"


READY = f"""
WITH RECURSIVE pending(id) AS (
    SELECT (SELECT min(listener_id) FROM pulp_delivery WHERE {PENDING})
    UNION ALL
    SELECT (SELECT min(listener_id) FROM pulp_delivery WHERE {PENDING} AND listener_id > pending.id)
    FROM pending WHERE pending.id IS NOT NULL
)
SELECT id, (SELECT min(ready_at) FROM pulp_delivery WHERE {PENDING} AND listener_id = pending.id)
FROM pending WHERE id IS NOT NULL
"""
"""Listeners with pending deliveries and when the first is ready: a step in the index for each listener, however many
deliveries it has."""

_PENDING = f"SELECT event_seq, n FROM pulp_delivery WHERE {PENDING} AND listener_id = ?"
_FIRST = of_keys(f"{_PENDING} AND ready_at = 0 ORDER BY event_seq, n LIMIT ?")
_LATER = of_keys(f"{_PENDING} AND ready_at > 0 ORDER BY event_seq, n LIMIT 1")
_READY = of_listeners("ready_at <= ?2")
_DUE = of_listeners("ready_at > 0 AND ready_at <= ?2")
_WAITS = f"""
SELECT json_group_array(json_array(value, (
    SELECT min(ready_at) - ? FROM pulp_delivery WHERE {PENDING} AND listener_id = value
))) FROM json_each(?)
"""
_WAIT_ORDERED = f"""
SELECT ready_at FROM pulp_delivery WHERE {PENDING} AND listener_id = ? AND ready_at > 0
ORDER BY event_seq, n LIMIT 1
"""


def claim(
    connection: sqlite3.Connection, requests: Sequence[ClaimRequest], lease: float, token: str, now: float
) -> Claim:
    """Choose, lease and return deliveries of several listeners (transitions `claim`, `lose` and `expire`)."""
    buckets = Buckets(connection, requests, now)
    chosen: list[Row] = []
    waits: dict[str, float | None] = {}
    plain: list[ClaimRequest] = []
    exhausted: list[ClaimRequest] = []

    def take(request: ClaimRequest, rows: list[Row]) -> None:
        if lost := [row for row in rows if row[13] is not None]:
            rows = lost[:1]
            _record_lost(connection, rows, now)
        elif len(rows) < request.limit or (request.rate is not None and not buckets.left(request, len(rows))):
            exhausted.append(request)
        chosen.extend(rows)

    for request in buckets.within(requests):
        if request.window is not None:
            keys, wait = _choose_window(connection, request, request.window, now)
            if keys and not request.limit:
                keys, wait = [], 0.0
            rows = _sorted(read(connection, LISTED, (as_json(keys),))) if keys else []
            _record_lost(connection, [row for row in rows if row[13] is not None], now)
            if not rows:
                waits[request.listener_id] = wait
            chosen += rows
        elif not request.limit:
            exhausted.append(request)
        elif request.ids is not None:
            take(request, _choose_named(connection, request, request.ids, now))
        elif request.ordered and (in_order := _choose_ordered(connection, request, now)) is not None:
            take(request, in_order)
        else:
            plain.append(request)
    found = _choose(connection, plain, now)
    for request in plain:
        take(request, found.get(request.listener_id, []))
    expired = [row for row in chosen if is_past(row, now)]
    if expired:
        chosen = _without_expired(connection, chosen, expired, now)
    deliveries = _lease(connection, chosen, now + lease, token)
    throttled = buckets.take(deliveries)
    waits.update(_waits(connection, exhausted, now))
    waits.update((row[6], 0.0) for row in expired)
    for listener_id, least in throttled.items():
        if (wait := waits.get(listener_id, 0.0)) is not None:
            waits[listener_id] = max(wait, least)
    return Claim(deliveries, waits, throttled)


def _without_expired(
    connection: sqlite3.Connection, rows: Sequence[Row], expired: Sequence[Row], now: float
) -> list[Row]:
    """The rows that are left once those are dead, and others with them: where one is, more often are."""
    expiry.bury(connection, [(row[15], row[1]) for row in expired], now)
    expiry.bury_some(connection, now)
    return [row for row in rows if not is_past(row, now)]


def _lease(connection: sqlite3.Connection, rows: Sequence[Row], until: float, token: str) -> list[Delivery]:
    """Take them; returns them as they are now: one attempt more, and leased."""
    if rows:
        connection.execute(
            f"UPDATE pulp_delivery SET lease = ?, ready_at = ?, attempts = attempts + 1 WHERE {OF_KEYS}",
            (token, until, as_json((row[15], row[1]) for row in rows)),
        )
    return [
        to_delivery((*row[:9], _one_more(row[9]), until, None, "", token, *row[14:15], *row[16:20])) for row in rows
    ]


def _one_more(attempts: Any) -> Any:
    return attempts + 1 if type(attempts) is int else attempts  # what is damaged is said by `to_delivery`


def _choose(connection: sqlite3.Connection, requests: Sequence[ClaimRequest], now: float) -> dict[str, list[Row]]:
    """What each of the listeners gets, oldest first: first attempts, and retries, which get half of the room."""
    ready = _of_each(connection, _READY, {request.listener_id: request.limit for request in requests}, now)
    full = {
        request.listener_id: max(1, request.limit // 2)
        for request in requests
        if len(rows := ready.get(request.listener_id, [])) == request.limit and rows[-1][10] == 0
    }
    for listener_id, due in _of_each(connection, _DUE, full, now).items():
        rows = ready[listener_id]
        rows[len(rows) - len(due) :] = due
    return {listener_id: _sorted(rows) for listener_id, rows in ready.items()}


def _of_each(
    connection: sqlite3.Connection, statement: str, limits: Mapping[str, int], now: float
) -> dict[str, list[Row]]:
    """The first ones to be ready of each listener: a statement for those whose limits are alike."""
    alike: dict[int, list[str]] = {}
    rounded = len(set(limits.values())) > FEW_LIMITS
    for listener_id, limit in limits.items():
        alike.setdefault(1 << (limit - 1).bit_length() if rounded else limit, []).append(listener_id)
    found: dict[str, list[Row]] = {}
    for limit, listener_ids in alike.items():
        for row in read(connection, statement, (json.dumps(listener_ids), now, limit)):
            found.setdefault(row[6], []).append(row)
    if unasked := found.keys() - limits.keys():
        raise StoreCorrupt(f"the index lists a delivery of {min(unasked, key=str)!r:.60} under another listener")
    for listener_id, rows in found.items():
        rows.sort(key=_by_readiness)
        del rows[limits[listener_id] :]
    return found


def _by_readiness(row: Row) -> Row:
    return (row[10], row[15], row[1])


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row[15], row[1]))


def _choose_named(connection: sqlite3.Connection, request: ClaimRequest, ids: Sequence[str], now: float) -> list[Row]:
    """With an order: what anybody would be given now, up to the first that is not among these ids."""
    if request.ordered:
        rows = _choose_ordered(connection, request, now)
        if rows is None:
            rows = _choose(connection, [request], now).get(request.listener_id, [])
        wanted = frozenset(ids)
        return list(takewhile(lambda row: f"{row[0]}.{row[1]}" in wanted, rows))
    found = named.choose(named.pending(connection, request.listener_id, ids), request.limit, now)
    return _sorted(read(connection, LISTED, (as_json(one[:2] for one in found),))) if found else []


def _choose_window(
    connection: sqlite3.Connection, request: ClaimRequest, window: float, now: float
) -> tuple[windows.Keys, float | None]:
    if request.ids is None:
        return windows.choose(connection, request.listener_id, window, request.ordered, now)
    found = named.pending(connection, request.listener_id, request.ids)
    return windows.choose_with(connection, request.listener_id, window, request.ordered, now, found)


def _choose_ordered(connection: sqlite3.Connection, request: ClaimRequest, now: float) -> list[Row] | None:
    """The oldest alone if it was attempted before; None where first attempts may be claimed as usual."""
    attempted = next(iter(read(connection, _LATER, (request.listener_id,))), None)
    if attempted is None:
        return None
    first = _sorted(read(connection, _FIRST, (request.listener_id, request.limit)))
    # Older ones were never attempted: a dead delivery was revived, or the listener had more lanes before.
    older = [row for row in first if (row[15], row[1]) < (attempted[15], attempted[1])]
    if older:
        return older
    return [attempted] if attempted[10] <= now else []


def _waits(connection: sqlite3.Connection, requests: Sequence[ClaimRequest], now: float) -> dict[str, float | None]:
    """Seconds until more than was just leased may be claimed."""
    waits: dict[str, float | None] = {}
    for request in requests:
        if request.ids is not None:
            waits[request.listener_id] = _wait_named(connection, request, request.ids, now)
        elif request.ordered:
            row = connection.execute(_WAIT_ORDERED, (request.listener_id,)).fetchone()
            waits[request.listener_id] = None if row is None else max(0.0, row[0] - now)
    if rest := [request.listener_id for request in requests if not request.ordered and request.ids is None]:
        found = json.loads(connection.execute(_WAITS, (now, json.dumps(rest))).fetchone()[0])
        waits.update((listener_id, None if wait is None else max(0.0, wait)) for listener_id, wait in found)
    return waits


def _wait_named(connection: sqlite3.Connection, request: ClaimRequest, ids: Sequence[str], now: float) -> float | None:
    left = named.pending(connection, request.listener_id, ids)
    if not left:
        return None
    if not request.ordered:
        return max(0.0, min(one.ready_at for one in left) - now)
    row = connection.execute(_WAIT_ORDERED, (request.listener_id,)).fetchone()
    return HELD_UP if row is None or row[0] <= now else float(row[0] - now)


def _record_lost(connection: sqlite3.Connection, rows: Sequence[Row], now: float) -> None:
    connection.executemany(
        f"INSERT OR REPLACE INTO pulp_attempt VALUES (?, ?, ?, ?, 0, '{Outcome.LOST}', ?, ?)",
        [(row[15], row[1], row[9], row[10], LOST, now) for row in rows],
    )
    counting.note_lost(connection, ((row[6], row[2]) for row in rows), now)


def release(
    connection: sqlite3.Connection, deliveries: Sequence[Delivery], now: float, fresh: Sequence[Delivery]
) -> None:
    """Give deliveries back unattempted; what had been attempted before is due at once. `fresh`: see `FreshTokens`."""
    give_back(connection, fresh, whole=True)
    connection.execute(
        "UPDATE pulp_delivery SET lease = NULL, attempts = attempts - 1, "
        "ready_at = CASE WHEN attempts - 1 > forgiven THEN ? ELSE 0 END "
        f"WHERE state = '{kept(Transition.RELEASE)}' AND {OF_IDS}",
        (now, _held(deliveries)),
    )


def end(
    connection: sqlite3.Connection,
    transition: Transition,
    reason: str,
    deliveries: Sequence[Delivery],
    now: float,
    fresh: Sequence[Delivery],
) -> None:
    """Claimed deliveries are dead, unattempted (transition `expire` or `bury`). `fresh`: see `FreshTokens`."""
    give_back(connection, fresh, whole=False)
    expiry.end_held(connection, transition, reason, _held(deliveries), now)


def extend(connection: sqlite3.Connection, deliveries: Sequence[Delivery], until: float) -> None:
    """Let leases end at `until`."""
    connection.execute(
        f"UPDATE pulp_delivery SET ready_at = ? WHERE {PENDING} AND {OF_IDS}", (until, _held(deliveries))
    )


def _held(deliveries: Sequence[Delivery]) -> str:
    return as_json((*split_id(delivery.id), delivery.lease) for delivery in deliveries)


def bury(
    connection: sqlite3.Connection, listener_id: str, reason: str, targets: Sequence[str] | None, now: float
) -> int:
    """Pending deliveries of a listener (for some targets) are dead."""
    way = TRANSITIONS[Transition.BURY]
    which = f"state = '{way.leaves}' AND listener_id = ?"
    if targets is not None:
        which += f" AND target IN ({', '.join('?' * len(targets))})"
    them = (listener_id, *(targets or ()))
    counting.note_leaving(connection, Transition.BURY, which, them, now)
    return connection.execute(
        f"UPDATE pulp_delivery SET state = '{way.enters}', finished = ?, reason = ?, ready_at = 0, lease = NULL "
        f"WHERE {which}",
        (now, reason, *them),
    ).rowcount
