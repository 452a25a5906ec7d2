"""What a bus that closes leaves to others, said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pulp_events.errors import StoreError
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.outbox.delivery import Delivery
    from pulp_events.outbox.store import Outbox

COUNTED = 1000
"""Pending deliveries that are counted; a look at more of them would take time."""
LOOKED_AT = 100
"""Of these it is said why they are left."""

_logger = get_logger(__name__)


@dataclass(frozen=True)
class Left:
    """What is pending when a bus closes."""

    pending: int
    """Deliveries; COUNTED where there are more."""
    due: bool
    """Whether any of them may be attempted now."""
    some: Sequence[Delivery]
    """LOOKED_AT of them, or all."""


def left_in(outbox: Outbox) -> Left:
    """All that is pending there. Raises StoreError."""
    from pulp_events.outbox.records import DeliveryQuery
    from pulp_events.outbox.states import State

    if not (pending := outbox.backlog(COUNTED)):
        return Left(0, False, ())
    some = outbox.find(DeliveryQuery(state=State.PENDING), LOOKED_AT)
    return Left(pending, any(wait <= 0 for wait in outbox.ready().values()), some)


def left_of(outbox: Outbox, ids: Iterable[str], now: float) -> Left:
    """What is pending of these deliveries. `now`: seconds since the epoch. Raises StoreError."""
    from pulp_events.outbox.rows import split_id
    from pulp_events.outbox.states import State

    wanted = {*islice(ids, COUNTED)}
    events = dict.fromkeys(split_id(each)[0] for each in wanted)
    found = [each for event in events for each in outbox.of_event(event) if each.id in wanted]
    pending = [each for each in found if each.state == State.PENDING]
    due = any(each.due is None or each.due.timestamp() <= now for each in pending)
    return Left(len(pending), due, pending[:LOOKED_AT])


def why_left(delivery: Delivery, cut_off: Collection[str], now: float) -> str:
    """What keeps it. `cut_off`: ids of those that were under way here to the end; `now`: seconds since the epoch."""
    if delivery.id in cut_off:
        return "under way, whose endpoint did not answer in time"
    waits = delivery.due is not None and delivery.due.timestamp() > now
    if delivery.lease is not None and waits:
        return "claimed by another process"
    if delivery.attempts > delivery.forgiven:
        return "waiting for a retry after a failure" if waits else "due for a retry after a failure"
    return "not attempted yet"


def tell_of_rest(
    left: Left, warns_of_due: bool, hindrance: StoreError | None, cut_off: Collection[str], now: float
) -> None:
    """Log how many deliveries are left, and why: as a warning where some are still due that were to be made
    (`warns_of_due`), or where the outbox could not be written, for `hindrance`. `cut_off`, `now`: see `why_left`."""
    if not left.pending:
        return
    one = left.pending == 1
    number = f"at least {left.pending}" if left.pending >= COUNTED else f"{left.pending}"
    if hindrance is not None:
        why = f", as the outbox could not be written ({hindrance})"
    else:
        kinds = Counter(why_left(each, cut_off, now) for each in left.some)
        some = f"of {len(left.some)} of them: " if len(left.some) < left.pending else ""
        why = f" ({some}{', '.join(f'{count} {kind}' for kind, count in kinds.most_common())})"
    warns = hindrance is not None or (left.due and warns_of_due)
    say = _logger.warning if warns else _logger.info
    say(
        "the bus was closed with %s pending %s%s; left to the next process that delivers from here",
        number,
        "delivery" if one else "deliveries",
        why,
    )


def tell_of_unknown_rest(error: StoreError) -> None:
    """Log that the outbox could not be asked."""
    _logger.warning("the bus was closed; what is pending is left to the next process: %s", error)
