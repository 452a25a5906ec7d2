"""`Turn`: a stretch of work for one listener, in one thread or task, watched from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from pulp_events.dispatcher import speed
from pulp_events.dispatcher.channels import OpenChannel
from pulp_events.dispatcher.judged import Judged
from pulp_events.dispatcher.pool import PoolThread
from pulp_events.dispatcher.recorder import Recorder
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.speed import Line
from pulp_events.dispatcher.verdict import Verdict
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import Outcome
from pulp_events.system.clock import Clock

OPEN_LIMIT = 120.0
"""Seconds that opening a channel may take."""
BUSY_LOOP = 0.01
"""Seconds of delay in an event loop from which on it says nothing about endpoints that its tasks take long."""
SLICE = 0.1
"""Seconds after which a turn ends where other listeners wait for one."""


class Turn:
    """Attempts of one listener's deliveries, one after the other, over one channel.

    `since`: monotonic time at which the step under way began, 0 if none is; `limit`: seconds that it may take.
    """

    def __init__(self, route: Route, services: Services) -> None:
        self.route = route
        self.services = services
        self._clock: Clock = services.clock
        self._recorder: Recorder = services.recorder
        self._lock = threading.RLock()
        self.under_way: dict[str, Delivery] = {}
        self.since = 0.0
        self.started = self.began = 0.0
        """Wall-clock and monotonic time at which the attempt under way began."""
        self.limit = OPEN_LIMIT
        self.opened: OpenChannel | None = None
        self.abandoned = False
        self.halted = False
        """What came of an attempt forbids further ones."""
        self.gave_back = False
        """Something was released unattempted, and is to be asked for again."""
        self.has_taken = False
        """False until it took the first of what waits."""
        self.attempts = 0
        self.line = Line(False, route.speed)
        """As which it is counted while it is at work."""
        self.crowded: Callable[[], bool] = lambda: False
        self._entered = self._wall = self._cpu = 0.0
        self.slice = SLICE
        self.loop: object = None
        """The event loop that it is a task of, if it is."""
        self.delay: Callable[[], float] = lambda: 0.0
        """Seconds for which that loop, which may be busy with others, lets a task wait that could go on."""
        self.thread: PoolThread | None = None
        """That which does it; None in a loop, and once it is given up."""

    # What is to be sent

    def next(self) -> list[Delivery]:
        """What the next attempt is for: a delivery, or what leaves together; empty if the turn is over."""
        if not self.has_taken:
            self._entered = self._clock.monotonic()  # not before: a task may have waited long for its loop
            self._wall, self._cpu = time.perf_counter(), time.thread_time()
        if not self.may_go_on():
            return []
        if self.route.window is not None:
            return self.take(len(self.route.waiting))
        return self.take(1)

    def take(self, count: int) -> list[Delivery]:
        """At most so many of the deliveries that wait, the first ones."""
        self.has_taken = True
        taken: list[Delivery] = []
        waiting = self.route.waiting
        while len(taken) < count:
            try:
                taken.append(waiting.popleft())
            except IndexError:
                break
        return taken

    def may_go_on(self) -> bool:
        """False if the turn is to end before the next attempt."""
        now = self._clock.monotonic()
        return not (
            self.abandoned
            or self.halted
            or self.services.stopping.is_set()
            or self._recorder.blocked
            or self.route.wait(now) > 0
            or (now - self._entered > self.slice and self.crowded())
        )

    # What is under way

    def begin(self, deliveries: Iterable[Delivery], limit: float) -> None:
        """These are being attempted from now on."""
        with self._lock:
            self.under_way = {delivery.id: delivery for delivery in deliveries}
            self.limit = limit
            self.started, self.began = self._clock.time(), self._clock.monotonic()
            self.since = self.began

    def also(self, deliveries: Iterable[Delivery]) -> None:
        """These too, on top of what is under way."""
        with self._lock:
            self.under_way.update((delivery.id, delivery) for delivery in deliveries)
            self.since = self.since or self._clock.monotonic()

    def proceed(self, limit: float, *, connecting: bool = False) -> None:
        """A new step of the same attempt: it has its own time. `connecting`: what was before does not count as the
        attempt's own seconds, such as what the notifier had to import."""
        now = self._clock.monotonic()
        with self._lock:
            self.limit = limit
            self.since = now
            if connecting:
                self.started, self.began = self._clock.time(), now

    def judge(self, delivery: Delivery, verdict: Verdict, begun: tuple[float, float] | None = None) -> None:
        """What came of one delivery; `begun`: (wall, monotonic) time of its own beginning, where it has one."""
        now = self._clock.monotonic()
        with self._lock:
            if self.abandoned or self.under_way.pop(delivery.id, None) is None:
                return
            started, began = begun or (self.started, self.began)
            self._recorder.add(Judged(self.route, delivery, verdict, started, now - began, self._group(delivery)))
            took = now - (began if begun else self.since)
            self.attempts += 1
            if verdict.disable_listener or (self.route.ordered and not verdict.delivered):
                self.halted = True  # in an order, what follows waits until that is stored
            self.since = now if self.under_way else 0.0
        if verdict.outcome != Outcome.LOST:
            self.route.speed = speed.of(took, timed_out=verdict.outcome == Outcome.TIMEOUT)
        self.route.learn(verdict, now, self._group(delivery))

    def end(self) -> None:
        """Nothing is under way any more."""
        with self._lock:
            self.under_way = {}
            self.since = 0.0

    def _group(self, delivery: Delivery) -> str | None:
        return delivery.lease if self.route.window is not None else None

    # Its end

    def finish(self) -> None:
        """Give back the channel, and what must not be sent now; called once, by the thread whose turn it was."""
        opened, self.opened = self.opened, None
        if opened is not None:
            if self.abandoned:
                self.services.channels.discard(opened)
            else:
                self.services.channels.give_back(opened, self.route.configuration.generation)
        if self.attempts and not self.abandoned:
            wall, cpu = time.perf_counter() - self._wall, time.thread_time() - self._cpu
            if self.delay() > BUSY_LOOP:
                cpu = wall  # the loop makes the wait, not the endpoint
            self.route.pace.learn(self.attempts, wall, cpu, self.route.most_lanes)

    def release(self, deliveries: list[Delivery]) -> None:
        """Give claimed deliveries back unattempted."""
        if deliveries:
            self.gave_back = True
            self.services.outbox.release(deliveries)

    def give_up(self) -> list[Delivery]:
        """The dispatcher stops: what is still under way is to be released; what comes of it is not recorded."""
        with self._lock:
            self.abandoned = True
            left, self.under_way = list(self.under_way.values()), {}
            return left

    def abandon(self, reason: str) -> bool:
        """Give up on work that hangs: what is under way timed out. False if nothing is.

        Whatever the thread does when it comes back is not recorded.
        """
        with self._lock:
            if self.abandoned or not self.since:
                return False
            self.abandoned = True
            now = self._clock.monotonic()
            verdict = Verdict(Outcome.TIMEOUT, reason)
            for delivery in self.under_way.values():
                self._recorder.add(
                    Judged(self.route, delivery, verdict, self.started, now - self.began, self._group(delivery))
                )
            self.under_way = {}
        self.route.circuit.failed(now)
        self.route.speed = speed.SILENT
        return True
