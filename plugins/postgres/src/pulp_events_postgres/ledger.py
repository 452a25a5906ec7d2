"""SQL of what administrators ask of the outbox: lists, attempts, counts, retries, deletions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pulp_events.events.own_names import OWN
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.records import DeliveryQuery, Health
from pulp_events.outbox.rows import scope_asked, split_id, to_attempt, to_delivery, to_health
from pulp_events.outbox.states import FINISHED, TRANSITIONS, State, Transition, kept
from pulp_events_postgres.columns import DELIVERY_COLUMNS, DELIVERY_TABLES, DETAIL_CONTAINS
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.events import types
from pulp_events_postgres.values import storable, texts


def of_event(database: Database, event_id: str) -> list[Delivery]:
    """All deliveries of an event, in the order in which they were stored."""
    rows = database.rows(f"SELECT {DELIVERY_COLUMNS} FROM {DELIVERY_TABLES} WHERE e.id = %s ORDER BY d.n", (event_id,))
    return [to_delivery(row) for row in rows]


def counts_of_event(database: Database, event_id: str) -> dict[str, int]:
    """How many deliveries of an event each listener has."""
    rows = database.rows(
        "SELECT listener_id, count(*) FROM @.pulp_delivery "
        "WHERE event_seq = (SELECT seq FROM @.pulp_event WHERE id = %s) GROUP BY 1",
        (event_id,),
    )
    return dict(rows)


def find(
    database: Database,
    query: DeliveryQuery,
    limit: int,
    before: str | None = None,
    after: str | None = None,
    oldest_first: bool = False,
) -> list[Delivery]:
    """Deliveries that fit, newest first or oldest first."""
    where, parameters = _conditions(database, query)
    for toward, bound in (("<", before), (">", after)):
        if bound is not None:
            where += f" AND (d.event_seq, d.n) {toward} ((SELECT seq FROM @.pulp_event WHERE id = %s), %s)"
            parameters += split_id(bound)
    order = "ASC" if oldest_first else "DESC"
    rows = database.rows(
        f"SELECT {DELIVERY_COLUMNS} FROM {DELIVERY_TABLES} WHERE {where} "
        f"ORDER BY d.event_seq {order}, d.n {order} LIMIT %s",
        (*parameters, limit),
        binary=True,
    )
    return [to_delivery(row) for row in rows]


def attempts(database: Database, delivery_id: str) -> list[Attempt]:
    """Attempts of a delivery, in order."""
    rows = database.rows(
        "SELECT number, started, duration, outcome, detail, retry_at FROM @.pulp_attempt "
        "WHERE event_seq = (SELECT seq FROM @.pulp_event WHERE id = %s) AND n = %s ORDER BY number",
        split_id(delivery_id),
    )
    return [to_attempt(row) for row in rows]


_HAS_REPEAT = """EXISTS (
    SELECT FROM @.pulp_delivery r WHERE r.event_seq = d.event_seq AND r.repeat_of = e.id || '.' || d.n)"""

# A lease that ended without a result is nobody's: the process is gone.
_FREE = "(d.lease IS NULL OR d.ready_at <= {})"


_HEARD = "(e.scope = %s AND e.event_type <> ALL (%s::text[]) OR e.scope = ANY (%s::text[]))"


def _conditions(database: Database, query: DeliveryQuery) -> tuple[str, list[Any]]:
    """A WHERE clause over d (pulp_delivery) and e (pulp_event), and its parameters."""
    parts: list[str] = ["true"]
    parameters: list[Any] = []
    for condition, value in (
        ("d.state = %s", query.state),
        ("d.listener_id = %s", query.listener_id),
        ("e.event_type = ANY (%s::text[])", _types(database, query.event_type)),
        ("e.id = %s", query.event_id),
        ("e.time >= %s", None if query.since is None else query.since.timestamp()),
        ("e.time < %s", None if query.until is None else query.until.timestamp()),
        ("d.listener_id = ANY (%s::text[])", None if query.listener_ids is None else texts(query.listener_ids)),
        ("e.event_type <> ALL (%s::text[])", None if query.not_event_types is None else texts(query.not_event_types)),
        (DETAIL_CONTAINS, None if query.error is None else storable(query.error)),
        (
            f"d.state = '{State.PENDING}' AND d.lease IS NULL AND d.ready_at > %s",
            None if query.waiting_at is None else query.waiting_at.timestamp(),
        ),
        (
            f"d.state = '{State.PENDING}' AND {_FREE.format('%s')}",
            None if query.free_at is None else query.free_at.timestamp(),
        ),
    ):
        if value is not None:
            parts.append(condition)
            parameters.append(value)
    if (asked := scope_asked(query)) is not None:
        if asked.among is None:
            parts.append("(e.scope = %s OR left(e.scope, %s) = %s)")
            parameters += [asked.plain, len(asked.about), asked.about]
        else:
            parts.append(_HEARD)
            parameters += [asked.plain, texts(sorted(OWN)), texts(asked.among)]
    for fact, wanted in (
        ("d.repeat_of IS NOT NULL", query.is_repeat),
        (_HAS_REPEAT, query.has_repeat),
        ("e.erased IS NOT NULL", query.erased),
    ):
        if wanted is not None:
            parts.append(fact if wanted else f"NOT ({fact})")
    if query.places is not None:
        parts.append("d.event_seq >= %s AND d.event_seq < %s AND e.seq >= %s AND e.seq < %s")
        parameters += query.places * 2
    if query.ids is not None:
        keys = [split_id(delivery_id) for delivery_id in query.ids]
        parts.append("(e.id, d.n) IN (SELECT * FROM unnest(%s::text[], %s::int4[]))")
        parameters += [[key[0] for key in keys], [key[1] for key in keys]]
    return " AND ".join(parts), parameters


def _types(database: Database, wanted: str | None) -> str | None:
    found = None if wanted is None else types(database, [wanted])
    return None if found is None else texts(found)


_KEYS = (
    "SELECT d.event_seq, d.n FROM @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq "
    "WHERE {0} ORDER BY d.event_seq, d.n LIMIT %s FOR UPDATE OF d"
)


def revive(database: Database, query: DeliveryQuery, limit: int) -> int:
    """Dead deliveries that fit become pending (transition `revive`), the oldest first."""
    way = TRANSITIONS[Transition.REVIVE]
    where, parameters = _conditions(database, query)
    # With the event: who erases it meanwhile waits, or is waited for and found out.
    keys = _KEYS.format(f"d.state = '{way.leaves}' AND e.erased IS NULL AND {where}") + ", e"
    return database.execute(
        f"WITH keys AS ({keys}) UPDATE @.pulp_delivery d SET state = '{way.enters}', ready_at = 0, lease = NULL, "
        "finished = NULL, reason = NULL, expires = NULL, forgiven = d.attempts FROM keys "
        f"WHERE d.event_seq = keys.event_seq AND d.n = keys.n AND d.state = '{way.leaves}'",
        (*parameters, limit),
    )


def hasten(database: Database, query: DeliveryQuery, limit: int) -> int:
    """Pending deliveries that fit, that nobody is attempting and that are not due are due now (`hasten`)."""
    where, parameters = _conditions(database, query)
    free = f"d.state = '{kept(Transition.HASTEN)}' AND d.lease IS NULL AND d.ready_at > @.pulp_now()"
    return database.execute(
        f"WITH keys AS ({_KEYS.format(f'{free} AND {where}')}) UPDATE @.pulp_delivery d SET ready_at = @.pulp_now() "
        f"FROM keys WHERE d.event_seq = keys.event_seq AND d.n = keys.n AND {free}",
        (*parameters, limit),
    )


def discard(database: Database, query: DeliveryQuery, reason: str, limit: int) -> int:
    """Pending deliveries that fit and that nobody is attempting are given up (`discard`)."""
    way = TRANSITIONS[Transition.DISCARD]
    where, parameters = _conditions(database, query)
    free = f"d.state = '{way.leaves}' AND {_FREE.format('@.pulp_now()')}"
    return database.execute(
        f"WITH keys AS ({_KEYS.format(f'{free} AND {where}')}) UPDATE @.pulp_delivery d SET state = '{way.enters}', "
        "ready_at = 0, lease = NULL, finished = @.pulp_now(), reason = %s "
        f"FROM keys WHERE d.event_seq = keys.event_seq AND d.n = keys.n AND {free}",
        (*parameters, limit, storable(reason)),
    )


def purge(database: Database, query: DeliveryQuery, limit: int, keep_events: float) -> int:
    """Finished deliveries that fit are deleted, the oldest first; an event that is old enough goes with its last."""
    where, parameters = _conditions(database, query)
    keys = _KEYS.format(f"d.state = ANY (%s) AND {where}")
    before = "@.pulp_now() - %s::float8" if keep_events else "'infinity'::float8"
    deleted = f"SELECT @.pulp_delete(array_agg(k.event_seq), array_agg(k.n), {before}) FROM ({keys}) k"
    since = (keep_events,) if keep_events else ()
    return int(database.rows(deleted, (*since, list(FINISHED), *parameters, limit))[0][0])


def count(database: Database, query: DeliveryQuery) -> int:
    """How many deliveries fit."""
    where, parameters = _conditions(database, query)
    rows = database.rows(
        f"SELECT count(*) FROM @.pulp_delivery d JOIN @.pulp_event e ON e.seq = d.event_seq WHERE {where}", parameters
    )
    return int(rows[0][0])


def health(database: Database, listener_ids: Sequence[str] | None = None) -> dict[str, Health]:
    """How deliveries went, by listener: of these, or of all."""
    statement = (
        "SELECT listener_id, last_success, last_failure, failing_since, failures, detail FROM @.pulp_listener_health"
    )
    if listener_ids is None:
        return to_health(database.rows(statement))
    return to_health(database.rows(f"{statement} WHERE listener_id = ANY (%s::text[])", (texts(listener_ids),)))


_NOTE = "note "
"""What the keys of notes begin with, in a table that has others too."""


def note(database: Database, key: str, text: str) -> None:
    """Keep a text under a key."""
    database.execute(
        "INSERT INTO @.pulp_meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
        (_NOTE + key, text),
    )


def note_if(database: Database, own: Connection, key: str, before: str | None, after: str) -> bool:
    """Keep a text under a key if what is kept there is `before`, None: nothing; within the transaction of `own`."""
    if before is None:
        done = own.execute(
            database.text("INSERT INTO @.pulp_meta VALUES (%s, %s) ON CONFLICT (key) DO NOTHING"), (_NOTE + key, after)
        )
    else:
        done = own.execute(
            database.text("UPDATE @.pulp_meta SET value = %s WHERE key = %s AND value = %s"),
            (after, _NOTE + key, before),
        )
    return done.rowcount == 1


def noted(database: Database, own: Connection, key: str) -> str | None:
    """The text under a key, as the transaction of `own` sees it."""
    found = own.execute(database.text("SELECT value FROM @.pulp_meta WHERE key = %s"), (_NOTE + key,)).fetchone()
    return None if found is None else found[0]


def notes(database: Database, prefix: str) -> dict[str, str]:
    """Texts by their keys."""
    rows = database.rows(
        "SELECT key, value FROM @.pulp_meta WHERE starts_with(key, %s::text) ORDER BY key", (_NOTE + prefix,)
    )
    return {key.removeprefix(_NOTE): text for key, text in rows}
