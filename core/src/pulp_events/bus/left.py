"""What a bus that closes leaves to others, said once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pulp_events.errors import StoreError
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.outbox.store import Outbox

COUNTED = 1000
"""Pending deliveries that are counted; a look at more of them would take time."""
SILENT = ": no answer from the endpoint in time"
"""Why some are still due, where closing was to make them."""

_logger = get_logger(__name__)


@dataclass(frozen=True)
class Left:
    """What is pending when a bus closes."""

    pending: int
    """Deliveries; COUNTED where there are more."""
    due: bool
    """Whether any of them may be attempted now."""


def left_in(outbox: Outbox) -> Left:
    """All that is pending there. Raises StoreError."""
    pending = outbox.backlog(COUNTED)
    return Left(pending, bool(pending) and any(wait <= 0 for wait in outbox.ready().values()))


def left_of(outbox: Outbox, ids: Iterable[str], now: float) -> Left:
    """What is pending of these deliveries. `now`: seconds since the epoch. Raises StoreError."""
    from pulp_events.outbox.rows import split_id
    from pulp_events.outbox.states import State

    wanted = {*islice(ids, COUNTED)}
    events = dict.fromkeys(split_id(each)[0] for each in wanted)
    found = [each for event in events for each in outbox.of_event(event) if each.id in wanted]
    pending = [each for each in found if each.state == State.PENDING]
    return Left(len(pending), any(each.due is None or each.due.timestamp() <= now for each in pending))


def tell_of_rest(left: Left, why_due: str | None, hindrance: StoreError | None = None) -> None:
    """Log how many deliveries are left: as a warning where they were to be made and some are still due, or where the
    outbox could not be written, for `hindrance`. `why_due`: why some are; None: as was wished."""
    if not left.pending:
        return
    number = f"at least {left.pending}" if left.pending >= COUNTED else f"{left.pending}"
    one = left.pending == 1
    why = " that waits for a retry or its listener" if one else " that wait for a retry or their listeners"
    if left.due:
        due = "which is due" if one else "some of them due"
        why = "" if why_due is None else f", {due}{why_due}"
    if hindrance is not None:
        why = f", as the outbox could not be written ({hindrance})"
    warns = hindrance is not None or (left.due and why_due is not None)
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
