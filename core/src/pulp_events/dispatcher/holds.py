"""`Holds`: lets the outbox know which listeners this dispatcher leaves alone, and until when: others cannot see it.

It works the other way as well. Somebody who wants an attempt now, in whatever process, has the outbox `lift` the hold;
each dispatcher finds that the next time it looks (`heed`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from pulp_events.dispatcher.route import Route
from pulp_events.errors import StoreError
from pulp_events.outbox.standing import Hold, HoldCause
from pulp_events.outbox.store import Outbox
from pulp_events.system.clock import Clock
from pulp_events.system.logs import get_logger

CLOSE = 1.0
"""Seconds by which two moments may differ and count as one."""
OVER = 60.0
"""Seconds after its end from which a hold has nothing to do with the next one: no probe takes longer, as a rule."""
MOST = 10_000
"""Listeners of which it is remembered what the outbox was told."""

_logger = get_logger(__name__)


class Holds:
    """Any thread may call it."""

    def __init__(self, outbox: Outbox, clock: Clock, by: Callable[[], str | None]) -> None:
        """`by()`: what the store knows this process by, or None; see `Hold.by`."""
        self._by = by
        self._outbox = outbox
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[str, Hold | None] = {}
        self._lifts: dict[str, str | None] = {}
        """Of those that are held: what `Outbox.lifted` said when it began."""

    def tell(self, routes: Iterable[Route]) -> None:
        """Write what differs from what was told before; as a rule, nothing does."""
        with self._lock:
            new: dict[str, Hold | None] = {}
            for route in routes:
                listener_id, held = route.listener.id, self._hold_of(route)
                if listener_id not in self._told or not _alike(held, self._told[listener_id]):
                    new[listener_id] = held
            if not new:
                return
            try:
                self._note_lifts(new)
                self._outbox.hold(new)
            except StoreError as error:  # nobody's delivery depends on it
                _logger.debug("the outbox could not be told whom this process leaves alone: %s", error)
                return
            if len(self._told) > MOST:
                self._told = {}
            self._told.update(new)

    def heed(self, routes: Iterable[Route]) -> None:
        """Let go of those whose hold was lifted since it began. Raises StoreError."""
        now = self._clock.monotonic()
        held = {route.listener.id: route for route in routes if route.wait(now) > 0}
        if not held:
            return
        with self._lock:
            lifted = self._outbox.lifted([*held])
            for listener_id, route in held.items():
                if listener_id in self._lifts and lifted.get(listener_id) != self._lifts[listener_id]:
                    self._lifts[listener_id] = lifted.get(listener_id)
                    self._told.pop(listener_id, None)
                    route.lift()

    def _note_lifts(self, new: dict[str, Hold | None]) -> None:
        """Before it is written that they are held: whoever reads that and lifts it is heeded."""
        begun = [each for each, hold in new.items() if hold is not None and not self._goes_on(each)]
        if begun:
            lifted = self._outbox.lifted(begun)
            self._lifts.update({each: lifted.get(each) for each in begun})
        for each, hold in new.items():
            if hold is None:
                self._lifts.pop(each, None)

    def _goes_on(self, listener_id: str) -> bool:
        """Whether it is held since before, so that what was lifted meanwhile, during a probe say, still counts."""
        before = self._told.get(listener_id)
        over = before is not None and before.until < self._clock.time() - OVER
        return listener_id in self._lifts and not over

    def _hold_of(self, route: Route) -> Hold | None:
        now = self._clock.monotonic()
        circuit, pause = route.circuit.wait(now), route.paused_until - now
        if max(circuit, pause) <= 0:
            return None
        paused = HoldCause.PAUSE if route.paused_by_receiver else HoldCause.SECRET
        cause = paused if pause >= circuit else HoldCause.CIRCUIT
        return Hold(cause, self._clock.time() + max(circuit, pause), self._by())


def _alike(one: Hold | None, other: Hold | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.cause, one.by) == (other.cause, other.by) and abs(one.until - other.until) < CLOSE
