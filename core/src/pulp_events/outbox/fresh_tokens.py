"""`FreshTokens`: which tokens of rates were taken so short a time ago that an attempt may begin with them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence

from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import ClaimRequest

FEW = 1000
"""Claims that are remembered before those that are over are forgotten."""


class FreshTokens:
    """Of the claims of this process: who claims, attempts and gives back is one process. For any thread.

    Tokens that are old are not given back either: of those that others took meanwhile, as many would be there again.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until: dict[tuple[str, str], float] = {}
        self._most = FEW
        self._lock = threading.Lock()

    def taken(self, requests: Iterable[ClaimRequest], lease: str) -> None:
        """They were claimed for just now, under this lease."""
        now = self._monotonic()
        rated = {(one.listener_id, lease): now + one.rate.lasts for one in requests if one.rate is not None}
        if not rated:
            return
        with self._lock:
            self._until.update(rated)
            if len(self._until) > self._most:
                self._until = {key: until for key, until in self._until.items() if until >= now}
                self._most = max(FEW, 2 * len(self._until))

    def of(self, deliveries: Iterable[Delivery]) -> Sequence[Delivery]:
        """Those of the deliveries whose tokens are fresh."""
        now = self._monotonic()
        with self._lock:
            return [one for one in deliveries if self._until.get((one.listener_id, one.lease or ""), -math.inf) >= now]
