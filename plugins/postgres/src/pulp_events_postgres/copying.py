"""Copies a bus's listeners, and its deliveries that are pending or failed, into a database. It may be run again.

Of events without such deliveries it copies those that the application may emit again by an id of its own, and where
events are kept for themselves (`[events] keep`, `keep_for`) all.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulp_events.bus.backfilling import notes_for_a_copy
from pulp_events.errors import NameTaken, StoreError
from pulp_events.events.trace_context import to_text
from pulp_events.listeners.history import change_to_document
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.rows import split_id, stored_scope_column
from pulp_events.outbox.states import State
from pulp_events.outbox.stored_event import EventQuery, StoredEvent
from pulp_events.settings.kept import keeps_beyond
from pulp_events_postgres import activity, erasing, ledger
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Database
from pulp_events_postgres.listener_store import EDITING, TURN, dump
from pulp_events_postgres.values import storable

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.outbox.store import Outbox

COPIED = tuple(state for state in State if state.failed or not state.finished)
"""The states whose deliveries somebody may still want to see made."""

_ALL = 1_000_000_000
BATCH = 500
"""Deliveries in one transaction."""


@dataclass
class Copied:
    """What the source had; all of it is in the target."""

    listeners: int = 0
    deliveries: dict[State, int] = field(default_factory=lambda: dict.fromkeys(COPIED, 0))
    attempts: int = 0
    events: int = 0
    """Events that are kept for themselves, or have an id that the application chose."""
    there_already: int = 0
    """Deliveries that an earlier run had copied."""

    def as_dict(self) -> dict[str, int]:
        """By name."""
        values = asdict(self)
        return {"listeners": values.pop("listeners"), **values.pop("deliveries"), **values}


def copy(bus: EventBus, target: Database, progress: Callable[[int, int], None]) -> Copied:
    """Copy everything that the target has not yet; `progress(done, total)` is called now and then.

    What is in the target stays as it is there. Raises StoreError, also where the target does not have all of it in the
    end, and where an application or worker changed the source meanwhile.
    """
    source = bus.outbox
    if getattr(getattr(source, "database", None), "identity", None) == target.identity:
        raise StoreError(
            f"{target.address.shown} already holds these listeners and deliveries; name another database with --to"
        )
    before = _state(bus)
    source.changed()  # from here on
    done = Copied(listeners=_copy_listeners(bus, target))
    totals = source.stats().totals
    total = sum(totals[state] for state in COPIED)
    progress(0, total)
    parts: list[Iterator[Delivery | StoredEvent]] = [*(_deliveries(source, state) for state in COPIED), _kept(bus)]
    newest_first = heapq.merge(*parts, key=_age, reverse=True)
    while together := list(itertools.islice(newest_first, BATCH)):
        batch = [one for one in together if isinstance(one, Delivery)]
        events = {one.id: one for one in together if isinstance(one, StoredEvent)}
        done.events += len(events)
        theirs = list({one.event_id for one in batch} - events.keys())
        events |= {one.id: one for one in source.events(EventQuery(ids=theirs), len(theirs))} if theirs else {}
        attempts = {one.id: source.attempts(one.id) if one.attempts else () for one in batch}
        store = functools.partial(_store, target, events=events, batch=batch, attempts=attempts, now=bus.clock.time())
        done.there_already += target.connections.transaction(store)
        for one in batch:
            done.deliveries[one.state] += 1
        done.attempts += sum(map(len, attempts.values()))
        progress(sum(done.deliveries.values()), total)
    if source.changed() or _state(bus) != before:
        raise StoreError(
            f"an application or a worker is still running: the source changed while it was copied, so "
            f"{target.address.shown} may miss new deliveries and repeat finished ones; stop it, drop the tables pulp_* "
            "there (or name another database), and copy again"
        )
    for key, text in notes_for_a_copy(source).items():
        ledger.note(target, key, text)
    for each in reversed(source.erasures(_ALL)):
        erasing.add(target, each)
    target.upheaval()
    return done


def _state(bus: EventBus) -> object:
    """Differs when deliveries came, were made or deleted, or listeners changed."""
    newest = bus.outbox.find(DeliveryQuery(), 1)
    return bus.outbox.stats(), [one.id for one in newest], bus.listeners.list()


def _deliveries(source: Outbox, state: State) -> Iterator[Delivery]:
    before: str | None = None
    while page := source.find(DeliveryQuery(state=state), BATCH, before):
        yield from page
        before = page[-1].id


def _kept(bus: EventBus) -> Iterator[StoredEvent]:
    """Events that are copied for their own sake, the newest first."""
    all_of_them = keeps_beyond(bus.settings)
    return (each for each in bus.events.each() if all_of_them or each.fingerprint or each.erased)


def _age(one: Delivery | StoredEvent) -> tuple[datetime, str]:
    """Rises in the order in which they were emitted, or nearly so."""
    return (one.event_time if isinstance(one, Delivery) else one.time, one.id)


_NAMED = "SELECT id, document->>'name' FROM @.pulp_listener WHERE document->>'name' = ANY (%s)"
_HISTORY = """
INSERT INTO @.pulp_listener_history (time, listener_id, document)
SELECT u.time, u.listener_id, u.document::json
FROM unnest(%s::float8[], %s::text[], %s::text[]) WITH ORDINALITY AS u(time, listener_id, document, position)
WHERE NOT EXISTS (SELECT FROM @.pulp_listener_history h WHERE h.listener_id = u.listener_id)
ORDER BY u.position
"""
"""Of each listener all of it or, where it was copied before, nothing."""


def _copy_listeners(bus: EventBus, target: Database) -> int:
    listeners = bus.listeners.list()
    ids = [listener.id for listener in listeners]

    names = {each.name: each.id for each in listeners if each.name is not None}
    history = [*reversed(bus.listeners.history())] if bus.listeners.keeps_history else []

    def store(own: Connection) -> int:
        own.execute(target.text(TURN), ())
        own.execute(target.text(EDITING), ())
        taken = own.execute(target.text(_NAMED), (list(names),)).fetchall()
        for other, name in taken:
            if names[name] != other:
                raise NameTaken(
                    f"{target.address.shown} has another listener with the name {name!r}, {other}; rename that one or "
                    f"{names[name]}, and run the command again"
                )
        added = own.execute(
            target.text(
                "INSERT INTO @.pulp_listener (id, document) SELECT u.id, u.document::json "
                "FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS u(id, document, position) "
                "ORDER BY u.position ON CONFLICT (id) DO NOTHING"
            ),
            (ids, [dump(listener) for listener in listeners]),
        ).rowcount
        if added:
            own.execute(target.text("UPDATE @.pulp_listener_version SET version = version + 1"), ())
        own.execute(
            target.text(_HISTORY),
            (
                [change.time.timestamp() for change in history],
                [change.listener_id for change in history],
                [json.dumps(change_to_document(change)) for change in history],
            ),
        )
        return _count(own, target, "SELECT count(*) FROM @.pulp_listener WHERE id = ANY (%s)", ids)

    found = target.connections.transaction(store)
    if found != len(ids):
        raise StoreError(f"{target.address.shown} has {found} of {len(ids)} listeners; run the command again")
    return found


# Oldest last, and each batch below all that is there: so the order in which events were emitted is kept, also over an
# interruption, and whatever is emitted into the target later comes after.
_EVENTS = """
INSERT INTO @.pulp_event (seq, id, event_type, time, source, report, fingerprint, next_n, erased, scope,
                          trace_context)
SELECT least(0, (SELECT min(seq) FROM @.pulp_event)) - u.position, u.id, u.event_type, u.time, u.source, u.report,
       u.fingerprint, u.next_n, u.erased, u.scope, u.trace_context
FROM unnest(%s::text[], %s::text[], %s::float8[], %s::text[], %b::bytea[], %s::text[], %s::int4[], %s::float8[],
            %s::text[], %s::text[])
    WITH ORDINALITY AS u(id, event_type, time, source, report, fingerprint, next_n, erased, scope, trace_context,
                         position)
ON CONFLICT (id) DO NOTHING
"""
_DELIVERIES = """
INSERT INTO @.pulp_delivery
    (event_seq, n, listener_id, target, state, attempts, forgiven, ready_at, finished, lease, reason, repeat_of,
     expires)
SELECT e.seq, u.n, u.listener_id, u.target, u.state, u.attempts, u.forgiven,
       CASE WHEN u.wait IS NULL THEN 0 ELSE @.pulp_now() + u.wait END, u.finished, u.lease, u.reason,
       u.repeat_of, u.expires
FROM unnest(%s::text[], %s::int4[], %s::text[], %s::text[], %s::text[], %s::int4[], %s::int4[], %s::float8[],
            %s::float8[], %s::text[], %s::text[], %s::text[], %s::float8[])
    AS u(event_id, n, listener_id, target, state, attempts, forgiven, wait, finished, lease, reason, repeat_of, expires)
JOIN @.pulp_event e ON e.id = u.event_id
ON CONFLICT DO NOTHING
"""
_ATTEMPTS = """
INSERT INTO @.pulp_attempt (event_seq, n, number, started, duration, outcome, detail, retry_at)
SELECT e.seq, u.n, u.number, u.started, u.duration, u.outcome, u.detail, u.retry_at
FROM unnest(%s::text[], %s::int4[], %s::int4[], %s::float8[], %s::float8[], %s::text[], %s::text[], %s::float8[])
    AS u(event_id, n, number, started, duration, outcome, detail, retry_at)
JOIN @.pulp_event e ON e.id = u.event_id
ON CONFLICT DO NOTHING
"""
_ALONE = """
UPDATE @.pulp_event e SET alone = found.alone
FROM (SELECT x.seq, NOT EXISTS (SELECT FROM @.pulp_delivery d WHERE d.event_seq = x.seq) AS alone
      FROM @.pulp_event x WHERE x.id = ANY (%s)) found
WHERE e.seq = found.seq AND e.alone <> found.alone
"""
_WHICH = """
SELECT u.event_id || '.' || u.n FROM unnest(%s::text[], %s::int4[]) AS u(event_id, n)
JOIN @.pulp_event e ON e.id = u.event_id JOIN @.pulp_delivery d ON d.event_seq = e.seq AND d.n = u.n
"""
_THERE = """
SELECT count(*) FROM unnest(%s::text[], %s::int4[]) AS u(event_id, n)
JOIN @.pulp_event e ON e.id = u.event_id JOIN @.pulp_delivery d ON d.event_seq = e.seq AND d.n = u.n
"""


def _store(
    target: Database, own: Connection, events: dict[str, StoredEvent], batch: Sequence[Delivery],
    attempts: dict[str, Sequence[Attempt]], now: float,
) -> int:  # fmt: skip
    """Store a batch and its events, and count it; returns how many deliveries were there already."""
    own.execute(
        target.text(_EVENTS),
        (
            list(events),
            [one.event_type for one in events.values()],
            [one.time.timestamp() for one in events.values()],
            [one.source for one in events.values()],
            [one.report for one in events.values()],
            [one.fingerprint for one in events.values()],
            [one.numbers for one in events.values()],
            [None if one.erased is None else one.erased.timestamp() for one in events.values()],
            [stored_scope_column(one) for one in events.values()],
            [to_text(one.trace_context) for one in events.values()],
        ),
    )
    keys = [split_id(one.id) for one in batch]
    rows = [
        (*key, one.listener_id, one.target, one.state, one.attempts, one.forgiven)
        + (None if one.due is None else one.due.timestamp() - now,)
        + (
            None if one.finished is None else one.finished.timestamp(),
            one.lease,
            _reason(one, attempts[one.id]),
            one.repeat_of,
        )
        + (None if one.expires is None else one.expires.timestamp(),)
        for key, one in zip(keys, batch, strict=True)
    ]
    there_before = own.execute(target.text(_WHICH), ([key[0] for key in keys], [key[1] for key in keys])).fetchall()
    stored = own.execute(target.text(_DELIVERIES), _columns(rows, 13)).rowcount
    made = [
        (*key, each.number, each.started.timestamp(), each.duration, each.outcome, storable(each.detail))
        + (None if each.retry_at is None else each.retry_at.timestamp(),)
        for key, one in zip(keys, batch, strict=True)
        for each in attempts[one.id]
    ]
    own.execute(target.text(_ATTEMPTS), _columns(made, 8))
    there_already = {id for (id,) in there_before}
    new = [
        (one.listener_id, one.event_type, one.event_time.timestamp())
        + (each.started.timestamp(), each.duration, each.outcome)
        for one in batch
        if one.id not in there_already
        for each in attempts[one.id]
    ]
    own.execute(target.text(activity.NOTE), activity.rows_of_attempts(new, now))
    own.execute(target.text(_ALONE), (list(events),))
    there = _count(own, target, _THERE, [key[0] for key in keys], [key[1] for key in keys])
    if there != len(batch):
        raise StoreError(f"{target.address.shown} has {there} of {len(batch)} deliveries; run the command again")
    return len(batch) - stored


def _reason(one: Delivery, attempts: Sequence[Attempt]) -> str | None:
    """What ended a delivery, where it was not its last attempt."""
    if not one.state.failed or (attempts and attempts[-1].detail == one.detail):
        return None
    return storable(one.detail)


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> list[list[Any]]:
    return [[row[column] for row in rows] for column in range(count)]


def _count(own: Connection, target: Database, statement: str, *parameters: Any) -> int:
    row = own.execute(target.text(statement), parameters).fetchone()
    assert row is not None
    return int(row[0])
