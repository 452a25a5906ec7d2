"""SQL of the buckets of listeners that have a rate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import replace

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.rate import Rate, credible, taken, tokens, wait_for_more
from pulp_events.outbox.records import ClaimRequest
from pulp_events_postgres import named_claims
from pulp_events_postgres.connections import Connection
from pulp_events_postgres.database import Asked, Database, Within
from pulp_events_postgres.marks import Front, Marks
from pulp_events_postgres.values import flags, numbers, texts

_HOLD = "SELECT listener_id, version, spent_until FROM @.pulp_buckets(%s::text[])"
_SPEND = "SELECT @.pulp_spend(%s::text[], %s::int8[], %s::float8[], %s::float8[], %s::bool[])"
_GIVE_BACK = "SELECT @.pulp_give_back(%s::text[], %s::int4[], %s)"
_FRONT = "SELECT first, due, leased FROM @.pulp_front(%s::text[], %s::int8[], %s::float8[], %s::float8[])"

Take = Callable[[Asked, Sequence[ClaimRequest]], None]


def within(
    database: Database, marks: Marks, requests: Sequence[ClaimRequest], take: Take,
    deliveries: MutableMapping[str, Sequence[Delivery]], waits: MutableMapping[str, float | None],
) -> dict[str, float]:  # fmt: skip
    """Claim no more than there are tokens, in one transaction with taking them; returns `Claim.throttled`.

    `requests` are of one kind, and have a rate. `take` claims, and adds what it found to `deliveries` and `waits`.
    """
    if not requests:
        return {}

    def operation(own: Connection) -> dict[str, float]:
        asked = Within(database, own)
        try:
            return _claim(asked, database, marks, requests, take, deliveries, waits)
        except BaseException:
            marks.clear()  # what was found there is undone
            raise

    return database.connections.transaction(operation)


def _claim(
    asked: Asked, database: Database, marks: Marks, requests: Sequence[ClaimRequest], take: Take,
    deliveries: MutableMapping[str, Sequence[Delivery]], waits: MutableMapping[str, float | None],
) -> dict[str, float]:  # fmt: skip
    (_, _, now), *found = asked.rows(_HOLD, (texts(request.listener_id for request in requests),), binary=True)
    versions = {row[0]: row[1] for row in found}
    stored = {row[0]: row[2] for row in found}
    rates = {request.listener_id: request.rate for request in requests if request.rate is not None}
    spent = {listener_id: credible(stored.get(listener_id, 0.0), rate.each, now) for listener_id, rate in rates.items()}

    def left(listener_id: str, rate: Rate) -> int:
        return tokens(spent[listener_id], rate.each, now)

    limits = {listener_id: left(listener_id, rate) for listener_id, rate in rates.items()}
    take(asked, [replace(each, limit=min(each.limit, limits[each.listener_id])) for each in requests
                 if limits[each.listener_id] > 0])  # fmt: skip
    changed: list[tuple[str, int, float, float, bool]] = []
    throttled: dict[str, float] = {}
    for request in requests:
        listener_id, rate = request.listener_id, rates[request.listener_id]
        count, together = len(deliveries.get(listener_id, ())), request.window is not None
        if not limits[listener_id]:
            waits[listener_id] = _wait(asked, database, marks, request, now)
        elif count:
            spent[listener_id] = taken(spent[listener_id], rate.each, now, 1 if together else count)
        if count or spent[listener_id] < stored.get(listener_id, 0.0):
            changed.append((listener_id, versions.get(listener_id, 0), spent[listener_id], rate.each, together))
        if left(listener_id, rate) <= 0:
            throttled[listener_id] = wait_for_more(spent[listener_id], rate.each, now)
    if changed:
        ids, old, until, each, flag = zip(*changed, strict=True)
        asked.rows(_SPEND, (texts(ids), numbers(old), numbers(until), numbers(each), flags(flag)))
    return throttled


def _wait(asked: Asked, database: Database, marks: Marks, request: ClaimRequest, now: float) -> float | None:
    """Seconds until there may be something to claim if there were tokens; None if nothing is pending."""
    if request.ids is not None:
        return 0.0 if named_claims.is_pending(asked, request) else None
    marks.hold_for(database.connections.lost)
    start = marks.start([request.listener_id])
    where = (texts(start.ids), numbers(start.first), numbers(start.due), numbers(start.leased))
    [row] = asked.rows(_FRONT, where, binary=True)
    return Front(*row).wait(now)


def give_back(database: Database, deliveries: Iterable[Delivery], whole: bool) -> None:
    """Tokens of claimed deliveries that were not attempted; not `whole`: others that leave with them are."""
    counts = Counter(one.listener_id for one in deliveries)
    if counts:
        database.execute(_GIVE_BACK, (texts(counts), numbers(counts.values()), whole))
