"""`bus.wait`: until an event is delivered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from pulp_events.errors import EventsError
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.store import Outbox

WAIT_POLL = 0.02
"""Seconds between looks at deliveries that another process makes."""


def id_of(event: object) -> str:
    """The id of an event, which may be given as such; raises EventsError for anything else."""
    event_id = event if isinstance(event, str) else getattr(event, "id", None)
    if not isinstance(event_id, str):
        raise EventsError(f"wait() was given {event!r:.60}; give the Event that emit() returned, or its id")
    return event_id


def wait_until_done(
    outbox: Outbox, event_id: str, timeout: float | None, pause: Callable[[float], None]
) -> list[Delivery]:
    """The deliveries of an event when none is pending any more, or after `timeout` seconds as they then are.

    `pause`: waits until this process recorded an attempt, at most so many seconds.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        deliveries = list(outbox.of_event(event_id))
        left = WAIT_POLL if deadline is None else min(WAIT_POLL, deadline - time.monotonic())
        if left <= 0 or is_done(deliveries):
            return deliveries
        pause(left)


def is_done(deliveries: Iterable[Delivery]) -> bool:
    """Whether none of them is pending."""
    return all(delivery.state.finished for delivery in deliveries)
