"""Deliveries of one listener that were claimed and not begun: its lanes share them, so that they begin in order."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pulp_events.clock import Clock
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import ClaimRequest
from pulp_events.outbox.store import Outbox

if TYPE_CHECKING:
    from pulp_events.dispatcher.route import Route

LONGEST_WAIT = 5.0
"""Seconds after which a window is looked at again before it is over: a dead delivery may have been revived."""

_numbers = itertools.count()


class Claims:
    """Claims batches; hands the deliveries out one by one, to whichever lane is free."""

    def __init__(self, route: Route, outbox: Outbox, lease: float, clock: Clock) -> None:
        self._route = route
        self._outbox = outbox
        self._lease = lease
        self._clock = clock
        self._waiting: deque[Delivery] = deque()
        self._claiming = threading.Lock()

    def first(self) -> list[Delivery]:
        """The next delivery to attempt, of a new batch where none waits; a window; or none."""
        with self._claiming:  # one lane at a time: what is claimed later waits behind what was claimed before
            while not (taken := self.take(1)):
                if self._route.window is not None:
                    return self._claim_window(self._route.window)
                if not self._claim():
                    return []
        return taken

    def take(self, count: int) -> list[Delivery]:
        """The next deliveries of the present batch, at most `count`."""
        taken: list[Delivery] = []
        while len(taken) < count:
            try:
                taken.append(self._waiting.popleft())
            except IndexError:
                break
        return taken

    def waiting(self) -> list[Delivery]:
        """Those that no lane has taken yet."""
        return list(self._waiting)

    def release(self) -> None:
        """Give back what waits."""
        if rest := self.take(len(self._waiting)):
            self._outbox.release(rest)

    def _claim(self) -> bool:
        route = self._route
        request = ClaimRequest(route.listener.id, route.batch_size(), route.ordered)
        claim = self._outbox.claim([request], self._lease, self._token())
        if not claim.deliveries and (wait := claim.waits[route.listener.id]) and route.ordered:
            # Something may look ready to be claimed behind what holds it back.
            route.not_before = self._clock.monotonic() + min(wait, 1.0)
        self._waiting.extend(self._still_wanted(claim.deliveries))
        return bool(claim.deliveries)

    def _claim_window(self, window: float) -> list[Delivery]:
        route = self._route
        while True:
            request = ClaimRequest(route.listener.id, 1, route.ordered, window)
            claim = self._outbox.claim([request], self._lease, self._token())
            if not claim.deliveries:
                if wait := claim.waits[route.listener.id]:  # what waits for its window looks ready to be claimed
                    route.not_before = self._clock.monotonic() + min(wait, LONGEST_WAIT)
                return []
            if wanted := self._still_wanted(claim.deliveries):
                return wanted

    def _still_wanted(self, claimed: Sequence[Delivery]) -> list[Delivery]:
        listener = self._route.listener
        gone = {delivery.target for delivery in claimed}.difference(listener.targets)
        if gone:
            self._outbox.bury(listener.id, "the listener's configuration names this target no more", list(gone))
        return [delivery for delivery in claimed if delivery.target not in gone]

    @staticmethod
    def _token() -> str:
        return f"{os.getpid()}.{next(_numbers)}"
