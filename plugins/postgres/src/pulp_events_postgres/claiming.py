"""SQL of who has something pending, and of taking it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import Claim, ClaimRequest
from pulp_events.outbox.window import MOST_BYTES, MOST_DELIVERIES, OUT_OF_ORDER, SETTLE
from pulp_events_postgres import buckets, named_claims
from pulp_events_postgres.database import Asked, Database
from pulp_events_postgres.marks import Front, Look, Marks
from pulp_events_postgres.values import claimed, flags, numbers, texts

_READY = (
    "SELECT * FROM @.pulp_ready(%s::text[], %s::int8[], %s::float8[], %s::float8[], %s::int8, %s::float8, %s::float8)"
)


def ready(database: Database, marks: Marks) -> dict[str, float]:
    """Listeners with pending deliveries, and the seconds until the first may be claimed."""
    while True:  # seldom more than once
        marks.hold_for(database.connections.lost)
        start = marks.start()
        arguments = (texts(start.ids), numbers(start.first), numbers(start.due), numbers(start.leased))
        others = (start.tail, start.due_of_others, start.leased_of_others)
        looked, *rows = database.rows(_READY, (*arguments, *others), binary=True)
        look = Look.of(looked[2], looked[4])
        fronts = {row[0]: Front(*row[1:4]) for row in rows}
        if marks.hold_for(database.connections.lost) and marks.found(start, look, fronts, all_of_them=True):
            fronts = marks.fronts() if start.quick else fronts
            waits = {listener_id: front.wait(look.moment) for listener_id, front in fronts.items()}
            return {listener_id: wait for listener_id, wait in waits.items() if wait is not None}


def claim(database: Database, marks: Marks, requests: Sequence[ClaimRequest], lease: float, token: str) -> Claim:
    """Choose, lease and return deliveries of several listeners (transitions `claim` and `lose`)."""
    deliveries: dict[str, Sequence[Delivery]] = {}
    waits: dict[str, float | None] = {}
    throttled: dict[str, float] = {}

    def take(asked: Asked, some: Sequence[ClaimRequest]) -> None:
        """Requests of one kind."""
        if not some:
            return
        if some[0].window is not None:
            for request in some:
                found, wait = _claim_window(database, asked, marks, request, lease, token)
                deliveries[request.listener_id] = found
                if not found:
                    waits[request.listener_id] = wait
        elif some[0].ids is not None:
            named_claims.claim(asked, some, lease, token, deliveries, waits)
        else:
            _claim(database, asked, marks, some, lease, token, deliveries, waits)

    for some in _kinds(request for request in requests if request.rate is None):
        take(database, some)
    for some in _kinds(request for request in requests if request.rate is not None):
        throttled.update(buckets.within(database, marks, some, take, deliveries, waits))
    for listener_id, least in throttled.items():
        if (wait := waits.get(listener_id, 0.0)) is not None:
            waits[listener_id] = max(wait, least)
    return Claim([one for request in requests for one in deliveries.get(request.listener_id, ())], waits, throttled)


def _kinds(requests: Iterable[ClaimRequest]) -> Iterator[Sequence[ClaimRequest]]:
    """Those that one statement answers, or a transaction if they have a rate: it waits for others who claim there."""
    plain: list[ClaimRequest] = []
    named: list[ClaimRequest] = []
    windows: list[ClaimRequest] = []
    for request in requests:
        (windows if request.window is not None else plain if request.ids is None else named).append(request)
    return iter((plain, named, *([each] for each in windows)))


_CLAIM = (
    "SELECT * FROM @.pulp_claim_2(%s::text[], %s::int4[], %s::bool[], %s::int8[], %s::float8[], %s::float8[], "
    "%s::float8, %s, %s)"
)


def _claim(
    database: Database, asked: Asked, marks: Marks, requests: Sequence[ClaimRequest], lease: float, token: str,
    deliveries: dict[str, Sequence[Delivery]], waits: dict[str, float | None],
) -> None:  # fmt: skip
    """All of them by one statement."""
    ids = [request.listener_id for request in requests]
    marks.hold_for(database.connections.lost)
    start = marks.start(ids, lease)
    rows = asked.rows(
        _CLAIM,
        (
            texts(ids),
            numbers(request.limit for request in requests),
            flags(request.ordered for request in requests),
            numbers(start.first),
            numbers(start.due),
            numbers(start.leased),
            lease,
            token,
            marks.stale(),
        ),
        binary=True,
    )
    look: Look | None = None
    fronts: dict[str, Front] = {}
    taken: dict[str, list[Delivery]] = {each: [] for each in ids}
    answers: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        if row[0] is not None:
            taken[row[6]].append(claimed(row))
        elif row[6] is None:
            look = Look.of(row[3], row[18])
        else:
            answers[row[6]] = row
            fronts[row[6]] = Front(row[15], row[10], row[16])
    if marks.hold_for(database.connections.lost):
        marks.found(start, look, fronts)
    for request in requests:
        listener_id, row = request.listener_id, answers[request.listener_id]
        deliveries[listener_id] = taken[listener_id]
        if len(taken[listener_id]) < request.limit:
            wait = fronts[listener_id].wait(row[3])
            waits[listener_id] = _in_order(wait, row[17]) if request.ordered else wait


def _in_order(front: float | None, wait: float | None) -> float | None:
    """What is pending waits for what is older."""
    if front is None or wait is None:
        return None if front is None else max(front, 0.05)  # somebody else was just claiming
    return wait


_CLAIM_WINDOW = (
    f"SELECT * FROM @.pulp_claim_window_2(%s, %s::float8, %s::int8, %s::float8, %s::float8, %s::float8, %s, %s, "
    f"{SETTLE}, {OUT_OF_ORDER}, {MOST_DELIVERIES}, {MOST_BYTES})"
)


def _claim_window(
    database: Database, asked: Asked, marks: Marks, request: ClaimRequest, lease: float, token: str
) -> tuple[Sequence[Delivery], float | None]:
    if request.ids is not None:
        return named_claims.claim_window(asked, request, lease, token)
    marks.hold_for(database.connections.lost)
    start = marks.start([request.listener_id], lease)
    where = (start.first[0], start.due[0], start.leased[0])
    arguments = (request.listener_id, request.window, *where, lease, token, request.ordered)
    rows = asked.rows(_CLAIM_WINDOW, arguments, binary=True)
    if rows and rows[0][0] is None:
        return (), rows[0][10]
    return [claimed(row) for row in rows], None
