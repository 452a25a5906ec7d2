"""SQL of claims of certain deliveries. They begin at no marks: each is looked up by its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import HELD_UP, ClaimRequest
from pulp_events.outbox.rows import split_id
from pulp_events.outbox.window import MOST_BYTES, MOST_DELIVERIES, OUT_OF_ORDER, SETTLE
from pulp_events_postgres.database import Asked
from pulp_events_postgres.values import claimed, flags, numbers, texts

_CLAIM = (
    f"SELECT * FROM @.pulp_claim_named_2(%s::text[], %s::int4[], %s::bool[], %s::int4[], %s::text[], %s::int4[], "
    f"%s::float8, %s, {HELD_UP})"
)
_CLAIM_WINDOW = (
    f"SELECT * FROM @.pulp_claim_window_named_2(%s, %s::float8, %s::text[], %s::int4[], %s::float8, %s, %s, "
    f"{HELD_UP}, {SETTLE}, {OUT_OF_ORDER}, {MOST_DELIVERIES}, {MOST_BYTES})"
)


def claim(
    asked: Asked, requests: Sequence[ClaimRequest], lease: float, token: str,
    deliveries: dict[str, Sequence[Delivery]], waits: dict[str, float | None],
) -> None:  # fmt: skip
    """Take what these ask for, which all name deliveries and have no window, by one statement."""
    keys = [(place, *key) for place, request in enumerate(requests, 1) for key in _keys(request)]
    rows = asked.rows(
        _CLAIM,
        (
            texts(request.listener_id for request in requests),
            numbers(request.limit for request in requests),
            flags(request.ordered for request in requests),
            numbers(place for place, _, _ in keys),
            texts(event_id for _, event_id, _ in keys),
            numbers(n for _, _, n in keys),
            lease,
            token,
        ),
        binary=True,
    )
    taken: dict[str, list[Delivery]] = {request.listener_id: [] for request in requests}
    told: dict[str, float | None] = {}
    for row in rows:
        if row[0] is None:
            told[row[6]] = row[10]
        else:
            taken[row[6]].append(claimed(row))
    deliveries.update(taken)
    for request in requests:
        if len(taken[request.listener_id]) < request.limit:
            waits[request.listener_id] = told[request.listener_id]


def claim_window(
    asked: Asked, request: ClaimRequest, lease: float, token: str
) -> tuple[Sequence[Delivery], float | None]:
    """Take what leaves together and has one of the named deliveries in it."""
    keys = _keys(request)
    named: tuple[Any, ...] = (texts(event_id for event_id, _ in keys), numbers(n for _, n in keys))
    arguments = (request.listener_id, request.window, *named, lease, token, request.ordered)
    rows = asked.rows(_CLAIM_WINDOW, arguments, binary=True)
    if rows and rows[0][0] is None:
        return (), rows[0][10]
    return [claimed(row) for row in rows], None


_PENDING = "SELECT key FROM @.pulp_named(%s, %s::text[], %s::int4[]) LIMIT 1"


def is_pending(asked: Asked, request: ClaimRequest) -> bool:
    """Whether any of the named deliveries is pending."""
    keys = _keys(request)
    named = (texts(event_id for event_id, _ in keys), numbers(n for _, n in keys))
    return bool(asked.rows(_PENDING, (request.listener_id, *named)))


def _keys(request: ClaimRequest) -> list[tuple[str, int]]:
    """Event ids and numbers."""
    return [split_id(each) for each in dict.fromkeys(request.ids or ())]
