"""Deliveries of one listener that were claimed and not begun: its lanes share them, so that they begin in order."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from typing import TYPE_CHECKING

from pulp_events.clock import Clock
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.store import Outbox

if TYPE_CHECKING:
    from pulp_events.dispatcher.route import Route

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

    def first(self) -> Delivery | None:
        """The next delivery to attempt, of a new batch where none waits; None where nothing is due."""
        with self._claiming:  # one lane at a time: what is claimed later waits behind what was claimed before
            while not (taken := self.take(1)):
                if not self._claim():
                    return None
        return taken[0]

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
        listener = route.listener
        token = f"{os.getpid()}.{next(_numbers)}"
        claim = self._outbox.claim(listener.id, route.batch_size(), self._lease, token, ordered=route.ordered)
        if not claim.deliveries and claim.wait and route.ordered:
            # Something may look ready to be claimed behind what holds it back.
            route.not_before = self._clock.monotonic() + min(claim.wait, 1.0)
        gone = {delivery.target for delivery in claim.deliveries}.difference(listener.targets)
        if gone:
            self._outbox.bury(listener.id, "the listener's configuration names this target no more", list(gone))
        self._waiting.extend(delivery for delivery in claim.deliveries if delivery.target not in gone)
        return bool(claim.deliveries)
