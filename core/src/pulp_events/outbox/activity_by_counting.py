"""What happened to deliveries, for stores that do not count it: told from the attempts that are kept.

It looks at every delivery and its attempts: the time it takes grows with
what is kept, and what was deleted is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pulp_events.outbox.activity import Activities, By, floor
from pulp_events.outbox.activity_rows import span_of, to_activities
from pulp_events.outbox.happened import DELAY, SECONDS
from pulp_events.outbox.histogram import bucket_of
from pulp_events.outbox.records import DeliveryQuery
from pulp_events.outbox.states import Outcome, State, Transition

if TYPE_CHECKING:
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.store import Outbox

_PAGE = 500


def activity(
    outbox: Outbox,
    since: datetime,
    until: datetime | None,
    by: By,
    listener_ids: Sequence[str] | None = None,
    lease: float = 60.0,
    now: datetime | None = None,
) -> Activities:
    """See `Outbox.activity`."""
    moment = datetime.now(UTC) if now is None else now
    span = span_of(since, until, moment.timestamp())
    begin, end = span.bounds
    counts: Counter[tuple[str, str]] = Counter()
    delivered: Counter[tuple[str, float]] = Counter()
    failed: Counter[tuple[str, float]] = Counter()
    pending: Counter[str] = Counter()
    under_way: Counter[str] = Counter()
    oldest: dict[str, float] = {}
    for one in _deliveries(outbox, listener_ids):
        key = one.event_type if by == By.EVENT_TYPE else one.listener_id
        time = one.event_time.timestamp()
        if one.state == State.PENDING:
            pending[key] += 1
            under_way[key] += one.lease is not None and one.due is not None and one.due > moment
            oldest[key] = min(time, oldest.get(key, time))
        attempted = False
        for attempt in outbox.attempts(one.id) if one.attempts else ():
            ended = attempt.started.timestamp() + attempt.duration
            attempted = True
            if not begin <= ended < end:
                continue
            counts[key, attempt.outcome] += 1
            if attempt.outcome != Outcome.LOST:
                counts[key, f"{SECONDS}{bucket_of(attempt.duration)}"] += 1
            if attempt.outcome == Outcome.DELIVERED:
                counts[key, f"{DELAY}{bucket_of(ended - time)}"] += 1
            (delivered if attempt.outcome == Outcome.DELIVERED else failed)[key, floor(ended, span.step)] += 1
        if one.state.failed and one.finished is not None and begin <= one.finished.timestamp() < end:
            counts[key, Transition.GIVE_UP if attempted else Transition.DISCARD] += 1
    rows = [(*key, count) for key, count in counts.items()]
    pieces = [(*piece, delivered[piece], failed[piece]) for piece in {*delivered, *failed}]
    return to_activities(span, by, rows, pieces, pending, +under_way, oldest)


def _deliveries(outbox: Outbox, listener_ids: Sequence[str] | None) -> Iterator[Delivery]:
    query, before = DeliveryQuery(listener_ids=listener_ids), None
    while page := outbox.find(query, _PAGE, before):
        yield from page
        before = page[-1].id
