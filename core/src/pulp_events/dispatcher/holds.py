"""`Holds`: lets the outbox know which listeners this dispatcher leaves alone, and until when: others cannot see it."""

from __future__ import annotations

from collections.abc import Iterable

from pulp_events.dispatcher.route import Route
from pulp_events.errors import StoreError
from pulp_events.outbox.standing import Hold, HoldCause
from pulp_events.outbox.store import Outbox
from pulp_events.system.clock import Clock
from pulp_events.system.logs import get_logger

CLOSE = 1.0
"""Seconds by which two moments may differ and count as one."""
MOST = 10_000
"""Listeners of which it is remembered what the outbox was told."""

_logger = get_logger(__name__)


class Holds:
    """One thread at a time tells: whoever stored results, of their routes."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._told: dict[str, Hold | None] = {}

    def tell(self, routes: Iterable[Route]) -> None:
        """Write what differs from what was told before; as a rule, nothing does."""
        new: dict[str, Hold | None] = {}
        for route in routes:
            listener_id, held = route.listener.id, self._hold_of(route)
            if listener_id not in self._told or not _alike(held, self._told[listener_id]):
                new[listener_id] = held
        if not new:
            return
        try:
            self._outbox.hold(new)
        except StoreError as error:  # nobody's delivery depends on it
            _logger.debug("the outbox could not be told whom this process leaves alone: %s", error)
            return
        if len(self._told) > MOST:
            self._told = {}
        self._told.update(new)

    def _hold_of(self, route: Route) -> Hold | None:
        now = self._clock.monotonic()
        circuit, pause = route.circuit.wait(now), route.paused_until - now
        if max(circuit, pause) <= 0:
            return None
        cause = HoldCause.PAUSE if pause >= circuit else HoldCause.CIRCUIT
        return Hold(cause, self._clock.time() + max(circuit, pause))


def _alike(one: Hold | None, other: Hold | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.cause is other.cause and abs(one.until - other.until) < CLOSE
