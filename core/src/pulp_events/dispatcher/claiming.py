"""`Claimer`: asks the outbox for what is due, for many listeners at once, and hands it to their routes."""

from __future__ import annotations

import itertools
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from pulp_events.dispatcher.own_deliveries import OwnDeliveries
from pulp_events.dispatcher.queues import Queues
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.services import Services
from pulp_events.errors import StoreError, StoreTooNew
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.fresh_tokens import FreshTokens
from pulp_events.outbox.records import Claim, ClaimRequest
from pulp_events.system.logs import get_logger

MOST_CLAIMED = 500
"""Deliveries that one claim takes, of all listeners together."""
MOST_LOOKED_AT = 500
"""Listeners of one line that a claim looks at."""
FEW = 8
"""Deliveries: a claim that found fewer is not followed by another at once."""
CLAIM_GAP = 0.002
"""Seconds between two such claims."""
TRY_AGAIN = 1.0
"""Seconds after a claim that failed."""

_logger = get_logger(__name__)


class Claimer:
    """Used by one thread at a time. `wake(count)`: so many more threads have something to do; `ask_for_window(route)`:
    it must be known before anything is claimed there."""

    def __init__(
        self,
        services: Services,
        queues: Queues,
        lease: float,
        wake: Callable[[int], None],
        ask_for_window: Callable[[Route], None],
    ) -> None:
        self._services = services
        self._outbox = services.outbox
        self._routes = services.routes
        self._clock = services.clock
        self._queues = queues
        self._lease = lease
        self._wake = wake
        self._ask_for_window = ask_for_window
        self._last, self._found_few = 0.0, False
        self.gathers = True
        """False where the caller waits for each delivery."""
        self.own: OwnDeliveries | None = None
        """If there is one, nothing else is claimed."""
        self.too_new: StoreTooNew | None = None
        """What the last claim met, where a newer release changed the tables while this process was at work."""
        # Containers on one volume may all be process 1: the number is for people, the rest tells dispatchers apart.
        # By the name of the process in the store others see whether it is still there.
        heart = services.heartbeat
        self._token = ".".join([str(os.getpid()), *([heart.id] if heart else []), secrets.token_hex(8)])
        self._claims = itertools.count()
        self._tokens = FreshTokens(services.clock.monotonic)

    def claim(self) -> None:
        """Claim for the listeners that are due. What fails is logged, and tried again later."""
        due: list[str] = []
        asked: dict[str, Route] = {}
        self._let_some_gather()
        try:
            due += self._queues.take_due(MOST_LOOKED_AT)
            requests = self._requests(due, asked)
            if requests:
                self._services.renewal.of(route.listener for route in asked.values())
                claim = self._claimed(requests)
                self._services.hindrance = None
                self._last, self._found_few = time.monotonic(), 0 < len(claim.deliveries) < FEW
                for listener_id, wait in claim.throttled.items():
                    asked[listener_id].throttled_until = self._clock.monotonic() + wait
                if held_back := self._hand_out(asked, claim.deliveries, claim.waits):
                    self._outbox.release(held_back)
                    self._queues.due_now({delivery.listener_id for delivery in held_back})
                self._forget_done(requests, claim.waits)
                self.too_new = None
        except BaseException as error:
            for listener_id in due:
                self._queues.due_later(listener_id, TRY_AGAIN)
            if isinstance(error, StoreTooNew):
                self.too_new = error
            if isinstance(error, StoreError):
                self._services.hindrance = error
                _logger.error("no deliveries could be claimed, retrying in %.0f s: %s", TRY_AGAIN, error)
            elif isinstance(error, Exception):
                _logger.exception("no deliveries could be claimed, retrying in %.0f s", TRY_AGAIN)
            else:
                raise

    def late(self, route: Route, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Those of the deliveries that must not begin with the tokens that they have. Any thread may ask."""
        if route.rate is None:
            return ()
        fresh = {one.id for one in self._tokens.of(deliveries)}
        return [one for one in deliveries if one.id not in fresh]

    def release_late(self, route: Route, deliveries: Sequence[Delivery]) -> None:
        """Give them back; they are asked for again as soon as there are tokens. Any thread may call it."""
        self._outbox.release(deliveries)
        self._queues.due_now((route.listener.id,))

    def claim_again(self, route: Route, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Those of the deliveries, which were just released, for which there are tokens now. Any thread may call it."""
        if self._services.stopping.is_set() or route.throttled_until > self._clock.monotonic():
            return ()
        ids = [one.id for one in deliveries]
        claim = self._claimed([ClaimRequest(route.listener.id, len(ids), route.ordered, route.window, ids, route.rate)])
        for wait in claim.throttled.values():
            route.throttled_until = self._clock.monotonic() + wait
        return claim.deliveries

    def _claimed(self, requests: Sequence[ClaimRequest]) -> Claim:
        lease = f"{self._token}.{next(self._claims)}"
        claim = self._outbox.claim(requests, self._lease, lease)
        self._tokens.taken(requests, lease)
        return claim

    def _let_some_gather(self) -> None:
        """Where claims find little and follow each other at once, a moment's wait spares most of them."""
        left = CLAIM_GAP - (time.monotonic() - self._last)
        if self._found_few and 0 < left <= CLAIM_GAP and self.gathers:
            time.sleep(left)

    def _requests(self, due: Sequence[str], asked: dict[str, Route]) -> list[ClaimRequest]:
        """What to ask for of these; `asked` gets the routes that it is asked for."""
        requests: list[ClaimRequest] = []
        left = MOST_CLAIMED
        for number, listener_id in enumerate(due):
            if left <= 0:
                self._queues.due_now(due[number:])
                break
            route = self._routes.get(listener_id)
            if route is None:
                if muted := self._routes.muted_for(listener_id):
                    self._queues.due_later(listener_id, muted)
                continue
            own = None if self.own is None else self._own_of(self.own, listener_id)
            if own == ():
                continue
            now = self._clock.monotonic()
            if (wait := max(route.wait(now), route.throttled_until - now)) > 0:
                self._queues.due_later(listener_id, wait)
            elif not route.window_known:
                self._ask_for_window(route)
            elif route.lanes_wanted(now) and (limit := route.claim_limit()):
                left -= limit
                asked[listener_id] = route
                requests.append(ClaimRequest(listener_id, limit, route.ordered, route.window, own, route.rate))
            else:
                route.exhausted = False  # so that it is asked for once there is room
                with self._queues.lock:
                    self._queues.queue(route)
        return requests

    def _hand_out(
        self, asked: Mapping[str, Route], deliveries: Sequence[Delivery], waits: Mapping[str, float | None]
    ) -> Sequence[Delivery]:
        """Give the routes what was claimed; returns what is to be released, as it cannot be sent now.

        A claim takes as long as the database does. Meanwhile the dispatcher may have been stopped, and attempts that
        were under way may have come to what rules out further ones: an open circuit, a pause, threads that hang.
        """
        queues = self._queues
        held_back: list[Delivery] = []
        with queues.lock:
            if self._services.stopping.is_set():
                return deliveries
            found: dict[str, list[Delivery]] = {}
            for delivery in deliveries:
                found.setdefault(delivery.listener_id, []).append(delivery)
            for listener_id, route in asked.items():
                count = len(found.get(listener_id, ()))
                route.exhausted = listener_id in waits
                if count:
                    route.last_claimed = count
                    route.line_up(found[listener_id])
                    held_back += queues.hold_back(route)
                    queues.queue(route)
                if not route.exhausted:
                    if route.claim_limit():
                        queues.agenda.now((listener_id,))
                elif (wait := waits[listener_id]) is not None:
                    # It may be a lease that ends then, of a process that went away or our own: nobody can tell.
                    queues.due_later(listener_id, max(wait, 0.002))
        if len(found) > 1:
            self._wake(len(found) - 1)
        return held_back

    def _own_of(self, own: OwnDeliveries, listener_id: str) -> Sequence[str]:
        with self._queues.lock:
            return own.of(listener_id)

    def _forget_done(self, requests: Iterable[ClaimRequest], waits: Mapping[str, float | None]) -> None:
        """Of what was asked for by name, forget what is not pending any more: others may have made it."""
        for request in requests:
            listener_id = request.listener_id
            if self.own is not None and request.ids is not None and waits.get(listener_id, 0.0) is None:
                with self._queues.lock:
                    self.own.done(listener_id, request.ids)
                    if self.own.of(listener_id):
                        self._queues.agenda.now((listener_id,))
