"""Which deliveries are of events that were erased since they were claimed: nothing sends these."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from pulp_events.errors import StoreError
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.store import Outbox
from pulp_events.outbox.stored_event import EventQuery
from pulp_events.system.clock import Clock
from pulp_events.system.logs import get_logger

FRESH = 1.0
"""Seconds for which it is known that nobody erased anything."""

RECENT = 3600.0
"""Seconds for which an erasure may concern what was claimed before this process first asked."""

_logger = get_logger(__name__)


class Erased:
    """Asks the outbox once a second whether anything was erased, and about each event only once something was."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._lock = threading.Lock()
        self._asked: float | None = None
        self._before: tuple[str, int] | None = None
        self._any = False

    def among(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Those of events that were erased, as of a second ago at most."""
        try:
            if not self._was_any():
                return ()
            ids = sorted({each.event_id for each in deliveries})
            kept = {event.id for event in self._outbox.events(EventQuery(ids=ids), len(ids)) if event.erased is None}
        except StoreError as error:  # as with the records of listeners: what is known holds on
            _logger.error("whether events were erased cannot be read, so their deliveries are made: %s", error)
            return ()
        return [each for each in deliveries if each.event_id not in kept]

    def _was_any(self) -> bool:
        """Whether anything was erased since this was first asked, or within RECENT seconds before."""
        with self._lock:
            now = self._clock.monotonic()
            if self._asked is None or now - self._asked >= FRESH:
                newest = next(iter(self._outbox.erasures(1)), None)
                found = ("", 0) if newest is None else (newest.id, newest.erased.events)
                if self._before is not None:
                    self._any = self._any or found != self._before
                elif newest is not None:
                    self._any = newest.began.timestamp() > self._clock.time() - RECENT
                self._asked, self._before = now, found
            return self._any
