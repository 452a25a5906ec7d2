"""`PostgresOutbox`: the outbox in a PostgreSQL database, shared by all processes of all hosts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from shlex import quote
from typing import Any

from pulp_events.outbox.activity import Activities, By
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.outbox.erasure import Erased, Erasure
from pulp_events.outbox.fresh_tokens import FreshTokens
from pulp_events.outbox.presence import Beat, Presence
from pulp_events.outbox.records import Claim, ClaimRequest, DeliveryQuery, Due, Health, NewEvent, Result, Stats
from pulp_events.outbox.spread import PAGE
from pulp_events.outbox.standing import Hold, Standing
from pulp_events.outbox.states import State
from pulp_events.outbox.stored_event import Addition, EventQuery, StoredEvent
from pulp_events_postgres import activity as happened
from pulp_events_postgres import buckets, claiming, erasing, ledger, limits, presences, queue, scrubbing, standing
from pulp_events_postgres import events as stored
from pulp_events_postgres.database import Database
from pulp_events_postgres.maintenance import Cleaner
from pulp_events_postgres.marks import Marks
from pulp_events_postgres.transactional import add_within, joined
from pulp_events_postgres.watch import Watch

EXPIRE_STEP = 2000
"""Expired deliveries that one step declares dead, at most."""


def _is_past(one: Delivery, lease: float) -> bool:
    """True if it had expired when it was claimed for `lease` seconds; `due` is then when that ends."""
    return one.expires is not None and one.due is not None and one.expires.timestamp() <= one.due.timestamp() - lease


def _forgetting(listener_id: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Statements after which nothing is kept of how a listener's deliveries went."""
    for table in ("pulp_listener_health", "pulp_rate"):
        yield f"DELETE FROM @.{table} WHERE listener_id = %s", (listener_id,)
    yield standing.FORGET, standing.forgotten(listener_id)


class PostgresOutbox:
    """Implements `Outbox` and `FollowsListeners`. Every lease and retry is measured by the database's clock.

    `durable`: `add` returns when the events are on the server's disk (and on what `synchronous_commit` of the server
    names besides); otherwise a crash of the server takes what it had not written yet, half a second as a rule.
    `look`: see `Watch`. `emit_timeout`: seconds that `add` waits for other transactions, at most.
    """

    def __init__(
        self, database: Database, durable: bool = True, look: float | None = None, emit_timeout: float | None = None
    ) -> None:
        self.database = database
        self._durable = durable
        self._emit_timeout = emit_timeout
        self._watch = Watch(database, look)
        self._cleaner = Cleaner(database)
        self._marks = Marks()
        self._fresh = FreshTokens(time.monotonic)
        self._closed = False

    def rest(self) -> None:
        """See `pulp_events.bus.warming.Rests`."""
        assert self.database.found  # which children need not ask for
        self._watch.close()
        self.database.rest()

    @property
    def place(self) -> str:
        """See `pulp_events.bus.places.HasPlace`."""
        return self.database.place

    def add(self, events: Sequence[NewEvent], connection: Any = None) -> Mapping[str, StoredEvent]:
        if connection is not None:
            return add_within(connection, self.database, events, self._emit_timeout)
        there = queue.add_surely(self.database, events, self._durable, self._emit_timeout)
        self.database.announce()
        return there

    def add_deliveries(self, additions: Sequence[Addition]) -> Sequence[str | None]:
        added = stored.add_deliveries(self.database, additions)
        self._marks.clear()
        self.database.upheaval()
        return added

    def ready(self) -> Mapping[str, float]:
        return claiming.ready(self.database, self._marks)

    def claim(self, requests: Sequence[ClaimRequest], lease: float, token: str) -> Claim:
        claim = claiming.claim(self.database, self._marks, requests, lease, token)
        self._fresh.taken(requests, token)
        return self._without_expired(claim, lease) if any(one.expires for one in claim.deliveries) else claim

    def record(self, results: Sequence[Result]) -> Sequence[bool]:
        return queue.record(self.database, results)

    def release(self, deliveries: Sequence[Delivery]) -> None:
        queue.release(self.database, deliveries)
        self._give_back(deliveries, whole=True)
        self.database.announce()

    def expire(self, deliveries: Sequence[Delivery]) -> None:
        queue.expire(self.database, deliveries)
        self._give_back(deliveries, whole=False)

    def withhold(self, deliveries: Sequence[Delivery], reason: str) -> None:
        queue.withhold(self.database, deliveries, reason)
        self._give_back(deliveries, whole=False)

    def extend(self, deliveries: Sequence[Delivery], lease: float) -> None:
        queue.extend(self.database, deliveries, lease)

    def bury(self, listener_id: str, reason: str, targets: Sequence[str] | None = None) -> int:
        return queue.bury(self.database, listener_id, reason, targets)

    def changed(self) -> bool:
        return self._watch.changed()

    def of_event(self, event_id: str) -> Sequence[Delivery]:
        return ledger.of_event(self.database, event_id)

    def counts_of_event(self, event_id: str) -> Mapping[str, int]:
        """See `pulp_events.outbox.store.CountsOfEvents`."""
        return ledger.counts_of_event(self.database, event_id)

    def event(self, event_id: str) -> StoredEvent | None:
        return stored.event(self.database, event_id)

    def events(
        self,
        query: EventQuery,
        limit: int,
        *,
        before: int | None = None,
        after: int | None = None,
        oldest_first: bool = False,
    ) -> Sequence[StoredEvent]:
        return stored.events(self.database, query, limit, before, after, oldest_first)

    def beside(self, event_ids: Sequence[str]) -> Sequence[str]:
        return stored.beside(self.database, event_ids)

    def begin_erasure(self, by: str, asked: str) -> str:
        return erasing.begin(self.database, by, asked)

    def erase(self, event_ids: Sequence[str], erasure: str | None) -> Erased:
        return erasing.erase(self.database, event_ids, erasure)

    def scrub(self, timeout: float) -> Sequence[str]:
        before = erasing.not_ended(self.database)
        scrubbing.scrub(self.database, timeout)
        erasing.end(self.database, before)
        return ()

    def erasures(self, limit: int) -> Sequence[Erasure]:
        return erasing.erasures(self.database, limit)

    def find(
        self,
        query: DeliveryQuery,
        limit: int,
        before: str | None = None,
        *,
        after: str | None = None,
        oldest_first: bool = False,
    ) -> Sequence[Delivery]:
        return ledger.find(self.database, query, limit, before, after, oldest_first)

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        return ledger.attempts(self.database, delivery_id)

    def revive(self, query: DeliveryQuery, limit: int) -> int:
        count = ledger.revive(self.database, query, limit)
        self._marks.clear()
        self.database.upheaval()
        return count

    def hasten(self, query: DeliveryQuery, limit: int) -> int:
        count = ledger.hasten(self.database, query, limit)
        self._marks.clear()
        self.database.upheaval()
        return count

    def discard(self, query: DeliveryQuery, reason: str, limit: int) -> int:
        return ledger.discard(self.database, query, reason, limit)

    def purge(self, query: DeliveryQuery, limit: int, keep_events: float = 0.0) -> int:
        return ledger.purge(self.database, query, limit, keep_events)

    def count(self, query: DeliveryQuery) -> int:
        return ledger.count(self.database, query)

    def stats(self, listener_ids: Sequence[str] | None = None) -> Stats:
        return happened.stats(self.database, listener_ids)

    def activity(
        self,
        since: datetime,
        until: datetime | None,
        by: By,
        listener_ids: Sequence[str] | None = None,
        lease: float = 60.0,
    ) -> Activities:
        return happened.activity(self.database, since, until, by, listener_ids)

    def happened(
        self, words: Sequence[str], since: datetime, until: datetime | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        """See `pulp_events.outbox.store.CountsWhatEnds`."""
        return happened.happened(self.database, words, since, until)

    def backlog(self, most: int) -> int:
        return limits.backlog(self.database, most)

    def backup_advice(self) -> str:
        place, schema = f"--dbname={quote(self.database.address.command_line)}", self.database.schema
        dump = f"umask 077; pg_dump --format=custom --schema={quote(schema)} {place} --file=FILE"
        return (
            f"back up the schema {schema} with `{dump}`, which has listeners, their secrets and history, events, "
            "deliveries and erasures as they are at one moment, and whatever else is in that schema; keep server.conf "
            "with it; to restore, stop applications and workers, then "
            f"`pg_restore --clean --if-exists --single-transaction {place} FILE`"
        )

    def due(self, listener_ids: Sequence[str], most: int) -> Due:
        return limits.due(self.database, listener_ids, most)

    def free_space(self) -> int | None:
        return None  # a server tells nobody

    def sizes(self) -> dict[str, int]:
        return limits.sizes(self.database)

    def note_dropped(self, counts: Mapping[str, int]) -> None:
        limits.note_dropped(self.database, counts)

    def health(self, listener_ids: Sequence[str] | None = None) -> Mapping[str, Health]:
        return ledger.health(self.database, listener_ids)

    def forget_health(self, listener_id: str) -> None:
        for statement, parameters in _forgetting(listener_id):
            self.database.execute(statement, parameters)

    def forget_within(self, connection: Any, listener_id: str, reason: str | None) -> None:
        with joined(connection, self.database, "change what is kept of a listener") as cursor:
            if reason is not None:
                cursor.execute(self.database.text(queue.BURY), queue.buried(listener_id, reason))
            for statement, parameters in _forgetting(listener_id):
                cursor.execute(self.database.text(statement), parameters)

    def renew(self, configurations: Mapping[str, str], dice: Callable[[], float]) -> bool:
        moved = standing.renew(self.database, configurations, dice, PAGE)
        if moved:
            self._marks.clear()
            self.database.upheaval()
        return moved >= PAGE

    def hold(self, holds: Mapping[str, Hold | None]) -> None:
        standing.hold(self.database, holds)

    def lift(self, listener_ids: Sequence[str]) -> None:
        standing.lift(self.database, listener_ids)
        self.database.upheaval()

    def lifted(self, listener_ids: Sequence[str]) -> Mapping[str, str]:
        return standing.lifted(self.database, listener_ids)

    def standing(
        self, listener_ids: Sequence[str], with_first: Sequence[str] = (), with_queue: Sequence[str] = ()
    ) -> Mapping[str, Standing]:
        return standing.standing(self.database, listener_ids, with_first, with_queue)

    def note(self, key: str, text: str) -> None:
        ledger.note(self.database, key, text)

    def add_noting(self, events: Sequence[NewEvent], key: str, before: str | None, after: str) -> bool:
        """See `pulp_events.outbox.store.NotesWithEvents`."""
        added = queue.add_noting(self.database, events, self._durable, key, before, after)
        if added and events:
            self.database.announce()
        return added

    def notes(self, prefix: str) -> Mapping[str, str]:
        return ledger.notes(self.database, prefix)

    def beat(self, beat: Beat) -> None:
        presences.beat(self.database, beat)

    def leave(self, id: str) -> None:
        presences.leave(self.database, id)

    def presences(self) -> Sequence[Presence]:
        return presences.all_of(self.database)

    def maintain(self, keep: Mapping[State, float], keep_events: float = 0.0) -> bool:
        if queue.expire_some(self.database, EXPIRE_STEP):
            return True
        return self._cleaner.step(keep, keep_events)

    def _without_expired(self, claim: Claim, lease: float) -> Claim:
        """What had expired when it was claimed is dead, and others with it: where one is, more often are."""
        expired = [one for one in claim.deliveries if _is_past(one, lease)]
        if not expired:
            return claim
        self.expire(expired)
        queue.expire_some(self.database, EXPIRE_STEP)
        gone = {one.id for one in expired}
        waits = {**claim.waits, **dict.fromkeys({one.listener_id for one in expired}, 0.0)}
        return replace(claim, deliveries=[one for one in claim.deliveries if one.id not in gone], waits=waits)

    def _give_back(self, deliveries: Sequence[Delivery], whole: bool) -> None:
        buckets.give_back(self.database, self._fresh.of(deliveries), whole)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._watch.close()
            self.database.close()
