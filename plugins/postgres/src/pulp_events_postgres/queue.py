"""SQL of the way of a delivery: stored, recorded, given back. How it is claimed: `claiming`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import psycopg

from pulp_events.errors import StoreError
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.happened import if_in_time, of_results
from pulp_events.outbox.records import EXPIRED, NewEvent, Result
from pulp_events.outbox.repeated import check_same
from pulp_events.outbox.rows import scope_column, split_id, to_stored_event
from pulp_events.outbox.states import TRANSITIONS, Transition, after_attempt
from pulp_events.outbox.stored_event import StoredEvent
from pulp_events.outbox.tally import tally
from pulp_events.system.clock import from_timestamp
from pulp_events_postgres import activity, emit_limit, ledger
from pulp_events_postgres.columns import STORED_EVENT
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.values import flags, numbers, storable, texts, words

_RELAXED = "(SELECT set_config('synchronous_commit', 'off', true)) AS relaxed"
"""Among the tables of a statement: its commit does not wait for the disk."""

_ENTERED = "WITH entered AS MATERIALIZED (SELECT @.pulp_enter_{way}() AS done), event AS ("
"""First of all, and so before an event has its number; see `marks`."""

_EMIT, _SKIP, _BURIED = (TRANSITIONS[each] for each in (Transition.EMIT, Transition.SKIP, Transition.BURY))

_ONE = f"""
    INSERT INTO @.pulp_event (id, event_type, time, source, report, scope, trace_context)
    SELECT %s, %s, %s, %s, %b, %s, nullif(%s, '') FROM entered{{relaxed}} WHERE entered.done RETURNING seq
)
INSERT INTO @.pulp_delivery (event_seq, n, listener_id, target, state)
SELECT seq, 0, %s, %s, '{_EMIT.enters}' FROM event
"""
_MANY = f"""
    INSERT INTO @.pulp_event (id, event_type, time, source, report, scope, trace_context, alone, fingerprint)
    SELECT u.id, u.event_type, u.time, u.source, u.report, u.scope, nullif(u.trace_context, ''), u.alone,
           nullif(u.fingerprint, '')
    FROM unnest(%s::text[], %s::text[], %s::float8[], %s::text[], %b::bytea[], %s::text[], %s::text[], %s::bool[],
                %s::text[])
        WITH ORDINALITY AS u(id, event_type, time, source, report, scope, trace_context, alone, fingerprint, position)
        CROSS JOIN entered{{relaxed}}
    WHERE entered.done ORDER BY u.position{{once}} RETURNING seq, id
), delivery AS (
    INSERT INTO @.pulp_delivery (event_seq, n, listener_id, target, state, finished, reason{{expires}})
    SELECT event.seq, u.n, u.listener_id, u.target,
           CASE WHEN u.skipped THEN '{_SKIP.enters}' ELSE '{_EMIT.enters}' END,
           CASE WHEN u.skipped THEN @.pulp_now() END, CASE WHEN u.skipped THEN u.reason END{{of_each}}
    FROM unnest(%s::text[], %s::int4[], %s::text[], %s::text[], %s::bool[], %s::text[]{{array}})
        AS u(event_id, n, listener_id, target, skipped, reason{{expires}})
    JOIN event ON event.id = u.event_id ORDER BY event.seq, u.n
)
SELECT id FROM event
"""


# No NULL: see `_many`.
_EXPIRES = {"expires": ", expires", "of_each": ", nullif(u.expires, 0)", "array": ", %s::float8[]"}
_LASTS = dict.fromkeys(_EXPIRES, "")


def _statement(one: bool, durable: bool, within: bool, once: bool, expiring: bool) -> str:
    rest = _ONE if one else _MANY
    return _ENTERED.format(way="once" if within else "emit") + rest.format(
        relaxed="" if durable else f" CROSS JOIN {_RELAXED}",
        once=" ON CONFLICT (id) DO NOTHING" if once else "",
        **(_EXPIRES if expiring else _LASTS),
    )


_ADD = {
    each: _statement(*each) for each in itertools.product((True, False), repeat=5)
}  # fmt: skip
"""By: one event with one delivery (by far the most), durable, within a transaction of the application, stored once,
with deliveries that expire (by far the fewest)."""


def add(
    database: Database, own: psycopg.Cursor[Any] | Connection, events: Sequence[NewEvent], durable: bool,
    within: bool = False,
) -> dict[str, StoredEvent]:  # fmt: skip
    """Store events and their deliveries (transitions `emit` and `skip`) by one statement.

    Returns what is there already of those that are stored once; see `Outbox.add`.
    """
    if any(event.once for event in events):
        return _add_once(database, own, events, durable, within)
    expiring = _expiring(events)
    one = not expiring and len(events) == 1 and len(events[0].deliveries) == 1 and events[0].deliveries[0].skip is None
    statement = database.text(_ADD[one, durable, within, False, expiring])
    own.execute(statement, _one(events[0]) if one else _many(events, expiring))
    return {}


def _expiring(events: Sequence[NewEvent]) -> bool:
    return any(new.expires is not None for event in events for new in event.deliveries)


def _add_once(
    database: Database, own: psycopg.Cursor[Any] | Connection, events: Sequence[NewEvent], durable: bool, within: bool
) -> dict[str, StoredEvent]:
    """Where another transaction is storing one of these ids, this waits for it to end."""
    there: dict[str, StoredEvent] = {}
    missing = {event.id: event for event in events}
    expiring = _expiring(events)
    while missing:  # as a rule once: what was found may be deleted before it is read
        statement = database.text(_ADD[False, durable, within, True, expiring])
        for (event_id,) in own.execute(statement, _many([*missing.values()], expiring)).fetchall():
            del missing[event_id]
        if missing:
            found = own.execute(database.text(f"{STORED_EVENT} WHERE e.id = ANY (%s::text[])"), (texts(missing),))
            for row in found.fetchall():
                new = missing.pop(row[0])
                if not new.once:
                    raise StoreError(f"an event has the id {row[0]!r} already; nothing was stored")
                there[row[0]] = check_same(new, to_stored_event(row))
    return there


def _one(event: NewEvent) -> Sequence[Any]:
    [new] = event.deliveries
    head = (event.id, event.event_type, event.time, event.source, event.report, scope_column(event))
    return (*head, event.trace_context or "", new.listener_id, new.target)


def _many(events: Sequence[NewEvent], expiring: bool) -> Sequence[Any]:
    deliveries = [(event.id, n, new) for event in events for n, new in enumerate(event.deliveries)]
    return (
        texts(event.id for event in events),
        texts(event.event_type for event in events),
        numbers(event.time for event in events),
        texts(event.source for event in events),
        [event.report for event in events],
        # No NULL, here and below: with `array_nulls = off`, in the application's session, it would be text.
        texts(scope_column(event) for event in events),
        texts(event.trace_context or "" for event in events),
        flags(not event.deliveries for event in events),
        texts(event.fingerprint or "" for event in events),
        texts(event_id for event_id, _, _ in deliveries),
        numbers(n for _, n, _ in deliveries),
        texts(new.listener_id for _, _, new in deliveries),
        texts(new.target for _, _, new in deliveries),
        flags(new.skip is not None for _, _, new in deliveries),
        texts(new.skip or "" for _, _, new in deliveries),
        *([numbers(new.expires or 0.0 for _, _, new in deliveries)] if expiring else ()),
    )


def add_surely(
    database: Database, events: Sequence[NewEvent], durable: bool, seconds: float | None = None
) -> dict[str, StoredEvent]:
    """`add` in a transaction of its own. A connection lost amid it leaves no doubt whether the events are stored.

    `seconds`: that it may wait for other transactions; None: as long as any statement.
    """
    runs = 0
    once = any(event.once for event in events)

    def insert(own: Connection) -> dict[str, StoredEvent]:
        nonlocal runs
        runs += 1
        try:
            with own.transaction() if runs > 1 or once or seconds is not None else nullcontext():
                if seconds is not None:
                    emit_limit.limit(own, seconds)
                there = add(database, own, events, durable)
        except psycopg.errors.UniqueViolation:
            # They are there: the transaction whose answer was lost had committed. All of it, as it was one.
            if runs == 1:
                raise
            return {}
        if runs > 1 and there:  # by this very call, where the time is the same to the microsecond
            times = {event.id: event.time for event in events}
            there = {id: each for id, each in there.items() if each.time != from_timestamp(times[id])}
        return there

    try:
        with emit_limit.told(database.address, seconds):
            return database.connections.run(insert)
    except (psycopg.DataError, UnicodeError) as error:
        raise StoreError(f"an event has text that PostgreSQL cannot store ({error}); nothing was stored") from error


def add_noting(
    database: Database, events: Sequence[NewEvent], durable: bool, key: str, before: str | None, after: str
) -> bool:
    """`add`, if the note is what it was before, in one transaction; see `NotesWithEvents`."""
    runs = 0

    def insert(own: Connection) -> bool:
        nonlocal runs
        runs += 1
        with own.transaction():
            if not ledger.note_if(database, own, key, before, after):
                # Once more, as the answer was lost: it may have been this very call that changed it.
                return runs > 1 and ledger.noted(database, own, key) == after
            if events:
                add(database, own, events, durable)
        return True

    try:
        return database.connections.run(insert)
    except (psycopg.DataError, UnicodeError) as error:
        raise StoreError(f"an event has text that PostgreSQL cannot store ({error}); nothing was stored") from error


_RECORD = (
    "WITH done AS MATERIALIZED (SELECT r.place FROM @.pulp_record("
    "%s::text[], %s::int4[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::float8[], "
    "%s::int4[], %s::int4[], %s::float8[], %s::float8[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::int4[], "
    "%s::text[]) AS r(place)), noted AS ("
    "INSERT INTO @.pulp_activity_new (start, listener_id, event_type, what, count) "
    "SELECT floor(@.pulp_now() / 60)::int8 * 60, u.listener_id, u.event_type, u.what, sum(u.count) "
    "FROM unnest(%s::text[], %s::text[], %s::text[], %s::int8[], %s::int8[]) "
    "AS u(listener_id, event_type, what, count, place) "
    "WHERE u.place = 0 OR u.place IN (SELECT done.place FROM done) GROUP BY 1, 2, 3, 4"
    ") SELECT done.place FROM done"
)


def record(database: Database, results: Sequence[Result]) -> list[bool]:
    """Store attempts and their transitions (`succeed`, `postpone`, `give_up`)."""
    if not results:
        return []
    ways = [after_attempt(result.transition) for result in results]
    waits = [
        (result.retry_in or 0.0) if way.enters is way.leaves else None
        for result, way in zip(results, ways, strict=True)
    ]
    keys = [split_id(result.delivery.id) for result in results]
    health = tally(results)
    happened = [(*row, 0) for row in of_results(results, [False] * len(results))]
    happened += [(*row, place) for place, each in enumerate(results, 1) for row in if_in_time(each)]
    parameters = (
        texts(event_id for event_id, _ in keys),
        numbers(n for _, n in keys),
        texts(result.delivery.lease for result in results),
        words(way.leaves or "" for way in ways),
        words(way.enters for way in ways),
        flags(way.leased_before is True for way in ways),
        numbers(waits),
        numbers(int(result.forgiven and wait is not None) for result, wait in zip(results, waits, strict=True)),
        numbers(result.attempt.number for result in results),
        numbers(result.attempt.started.timestamp() for result in results),
        numbers(float(result.attempt.duration) for result in results),
        texts(result.attempt.outcome for result in results),
        texts(storable(result.attempt.detail) for result in results),
        texts(health),
        flags(each.succeeded for each in health.values()),
        numbers(each.failures for each in health.values()),
        texts(storable(each.detail) for each in health.values()),
        *activity.arrays([row[:4] for row in happened]),
        numbers(row[4] for row in happened),
    )
    in_time = {row[0] for row in database.rows(_RECORD, parameters)}
    return [position in in_time for position in range(1, len(results) + 1)]


_HELD = "%s::text[], %s::int4[], %s::text[]"
_RELEASE = f"SELECT @.pulp_release({_HELD})"
_EXPIRE = f"SELECT @.pulp_expire({_HELD}, %s, %s)"
_WITHHOLD = f"""
WITH way AS MATERIALIZED (SELECT set_config('pulp_events.way', '{Transition.BURY}', true) AS done)
SELECT @.pulp_expire({_HELD}, %s, %s) FROM way WHERE way.done IS NOT NULL
"""
_EXPIRE_SOME = "SELECT @.pulp_expire_some(%s, %s, %s)"
_EXTEND = f"SELECT @.pulp_extend({_HELD}, %s::float8)"


def release(database: Database, deliveries: Sequence[Delivery]) -> None:
    """Give deliveries back unattempted; they are due at once."""
    if deliveries:
        database.execute(_RELEASE, _leases(deliveries))


def expire(database: Database, deliveries: Sequence[Delivery]) -> None:
    """Claimed deliveries are dead, unattempted (transition `expire`)."""
    if deliveries:
        database.execute(_EXPIRE, (*_leases(deliveries), TRANSITIONS[Transition.EXPIRE].enters, EXPIRED))


def withhold(database: Database, deliveries: Sequence[Delivery], reason: str) -> None:
    """Claimed deliveries are dead, unattempted (transition `bury`)."""
    if deliveries:
        database.execute(_WITHHOLD, (*_leases(deliveries), _BURIED.enters, storable(reason)))


def expire_some(database: Database, most: int) -> bool:
    """Declare dead what has expired, so many at most; True if there may be more."""
    way = TRANSITIONS[Transition.EXPIRE]
    return bool(database.rows(_EXPIRE_SOME, (way.enters, EXPIRED, most))[0][0] == most)


def extend(database: Database, deliveries: Sequence[Delivery], lease: float) -> None:
    """Let leases end `lease` seconds from now."""
    if deliveries:
        database.execute(_EXTEND, (*_leases(deliveries), lease))


def _leases(deliveries: Sequence[Delivery]) -> tuple[list[str], list[int], list[str | None]]:
    keys = [split_id(delivery.id) for delivery in deliveries]
    return [key[0] for key in keys], [key[1] for key in keys], [delivery.lease for delivery in deliveries]


# Said of the lease for the sake of the two indexes.
BURY = f"""
WITH way AS MATERIALIZED (SELECT set_config('pulp_events.way', '{Transition.BURY}', true) AS done)
UPDATE @.pulp_delivery SET state = '{_BURIED.enters}', finished = @.pulp_now(), reason = %s, ready_at = 0, lease = NULL
FROM way WHERE way.done IS NOT NULL AND state = '{_BURIED.leaves}' AND (lease IS NULL OR lease IS NOT NULL)
  AND listener_id = %s AND (%s::text[] IS NULL OR target = ANY (%s::text[]))
"""


def bury(database: Database, listener_id: str, reason: str, targets: Sequence[str] | None) -> int:
    """Pending deliveries of a listener (for some targets) are dead."""
    return database.execute(BURY, buried(listener_id, reason, targets))


def buried(listener_id: str, reason: str, targets: Sequence[str] | None = None) -> tuple[Any, ...]:
    """The parameters of BURY."""
    wanted = None if targets is None else list(targets)
    return storable(reason), listener_id, wanted, wanted
