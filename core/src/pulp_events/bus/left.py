"""What a bus that closes leaves to others, said once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulp_events.errors import StoreError
from pulp_events.system.logs import get_logger

if TYPE_CHECKING:
    from pulp_events.outbox.store import Outbox

COUNTED = 1000
"""Pending deliveries that are counted; a look at more of them would take time."""

_logger = get_logger(__name__)


def tell_of_rest(outbox: Outbox, drained: bool, hindrance: StoreError | None = None) -> None:
    """Log how many deliveries are pending: as a warning where they were to be made and some are still due, or where the
    outbox could not be written, for `hindrance`."""
    try:
        pending = outbox.backlog(COUNTED)
        if not pending:
            return
        due = any(wait <= 0 for wait in outbox.ready().values())
    except StoreError as error:
        _logger.warning("the bus was closed; what is pending is left to the next process: %s", error)
        return
    number = f"at least {pending}" if pending >= COUNTED else f"{pending}"
    why = " that wait for a retry or their listeners"
    if due:
        why = ", some of them due: their endpoints did not answer in time" if drained else ""
    if hindrance is not None:
        why = f", as the outbox could not be written ({hindrance})"
    say = _logger.warning if hindrance is not None or (due and drained) else _logger.info
    say(
        "the bus was closed with %s pending %s%s; left to the next process that delivers from here",
        number,
        "delivery" if pending == 1 else "deliveries",
        why,
    )
