"""`Turn`: consecutive attempts for one listener in one thread or task, supervised from another thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from pulp_events.dispatcher.channels import OpenChannel
from pulp_events.dispatcher.judged import Judged
from pulp_events.dispatcher.lines import SILENT, Line, speed_of
from pulp_events.dispatcher.mixing import is_retry
from pulp_events.dispatcher.pool import PoolThread
from pulp_events.dispatcher.recorder import Recorder
from pulp_events.dispatcher.renewal import same
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.verdict import Verdict
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.states import Outcome
from pulp_events.system.clock import Clock

OPEN_LIMIT = 120.0
"""Time limit for opening a channel, in seconds."""
BUSY_LOOP = 0.01
"""Seconds of delay in an event loop above which slow tasks no longer mean that their endpoints are slow."""
SLICE = 0.1
"""Seconds after which a turn ends if other listeners are waiting for one."""


class Turn:
    """Attempts deliveries of one listener, one after another, over one channel.

    `since`: monotonic time at which the current step began, 0 if there is none; `limit`: its time limit in seconds.
    """

    def __init__(self, route: Route, services: Services) -> None:
        self.route = route
        self.services = services
        self._clock: Clock = services.clock
        self._recorder: Recorder = services.recorder
        self._lock = threading.RLock()
        self.under_way: dict[str, Delivery] = {}
        self.taken: list[Delivery] = []
        """What was taken last, while nothing of it is under way yet; some of it may have been released meanwhile."""
        self.since: float = 0.0
        self.started: float = 0.0
        self.began: float = 0.0
        """Wall-clock and monotonic time at which the current attempt began."""
        self.limit: float = OPEN_LIMIT
        self.by: Listener = route.listener
        """The listener's record when the current attempt began."""
        self.opened: OpenChannel | None = None
        self.abandoned: bool = False
        self.halted: bool = False
        """The result of an attempt rules out further ones."""
        self.gave_back: bool = False
        """Some deliveries were released unattempted and must be claimed again."""
        self.has_taken: bool = False
        """True once it took the first waiting delivery."""
        self.attempts: int = 0
        self.line: Line = Line(False, route.speed)
        """The line whose share it uses while it runs."""
        self.is_long = False
        """One of its steps took so long that its listener is not taken for quick."""
        self.crowded: Callable[[], bool] = lambda: False
        self._entered = self._wall = self._cpu = 0.0
        self.slice = SLICE
        self.loop: object = None
        """The event loop that runs it as a task, if any."""
        self.delay: Callable[[], float] = lambda: 0.0
        """How long that loop currently keeps a ready task waiting, in seconds."""
        self.thread: PoolThread | None = None
        """The thread that runs it; None in a loop, and after the turn was abandoned."""

    # What is to be sent

    def next(self) -> list[Delivery]:
        """The deliveries of the next attempt: one, or those of a window. Empty if the turn is over."""
        if not self.has_taken:
            self._entered = self._clock.monotonic()  # not before: a task may have waited long for its loop
            self._wall, self._cpu = time.perf_counter(), time.thread_time()
        if not self.may_go_on():
            return []
        if self.route.window is not None:
            return self.take(len(self.route.waiting))
        return self.take(1)

    def take(self, count: int) -> list[Delivery]:
        """Take the first `count` waiting deliveries, or as many as there are; none once the turn was given up."""
        self.has_taken = True
        taken: list[Delivery] = []
        waiting = self.route.waiting
        with self._lock:  # or it would be nobody's for a moment
            while len(taken) < count and not self.abandoned:
                try:
                    taken.append(waiting.popleft())
                except IndexError:
                    break
            self.taken = taken
        return taken

    @property
    def is_probe(self) -> bool:
        """True while one delivery at a time is to show whether the endpoint answers again."""
        return self.route.circuit.is_open

    def may_go_on(self) -> bool:
        """False if the turn must end before the next attempt."""
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

    def begin(self, deliveries: Iterable[Delivery], limit: float) -> bool:
        """An attempt of these deliveries begins; False if the turn was given up meanwhile."""
        with self._lock:
            if self.abandoned:
                return False
            self.taken = []
            self.under_way = {delivery.id: delivery for delivery in deliveries}
            self.by = self.route.listener
            self.limit = limit
            self.started, self.began = self._clock.time(), self._clock.monotonic()
            self.since = self.began
            return True

    def begin_again(self, deliveries: Sequence[Delivery]) -> bool:
        """These come into the attempt under way, which begins now; False if the turn was given up meanwhile."""
        with self._lock:
            if self.abandoned:
                return False
            self.under_way.update((delivery.id, delivery) for delivery in deliveries)
            self.started, self.began = self._clock.time(), self._clock.monotonic()
            self.since = self.began
            return True

    @property
    def is_limit_kept_here(self) -> bool:
        """True if nobody else ends the current step at its limit: neither the notifier nor an event loop."""
        opened = self.opened
        return opened is not None and opened.is_limit_kept_here and self.limit == opened.limit and self.loop is None

    def also(self, deliveries: Iterable[Delivery]) -> None:
        """Add deliveries to the attempt under way."""
        with self._lock:
            self.taken = []
            self.under_way.update((delivery.id, delivery) for delivery in deliveries)
            self.since = self.since or self._clock.monotonic()

    def proceed(self, limit: float, *, connecting: bool = False) -> None:
        """Begin another step of the same attempt, with its own time limit.

        `connecting`: the attempt's duration counts from here, without what came before, such as the notifier's imports.
        """
        now = self._clock.monotonic()
        with self._lock:
            self.limit = limit
            self.since = now
            if connecting:
                self.started, self.began = self._clock.time(), now

    def judge(self, delivery: Delivery, verdict: Verdict, begun: tuple[float, float] | None = None) -> None:
        """Pass on the result of one delivery. `begun`: its own beginning (wall-clock, monotonic), if it has one."""
        now = self._clock.monotonic()
        with self._lock:
            if self.abandoned or self.under_way.pop(delivery.id, None) is None:
                return
            started, began = begun or (self.started, self.began)
            self._recorder.add(
                Judged(self.route, delivery, verdict, started, now - began, self._group(delivery), self.by)
            )
            took = now - (began if begun else self.since)
            self.attempts += 1
            if verdict.disable_listener or (self.route.ordered and not verdict.delivered):
                self.halted = True  # in an order, what follows waits until that is stored
            self.since = now if self.under_way else 0.0
        if verdict.outcome != Outcome.LOST:
            self.route.speed = speed_of(took, timed_out=verdict.outcome == Outcome.TIMEOUT)
        if verdict.delivered or same(self.by, self.route.listener):  # else it says nothing of what is there now
            self.route.learn(verdict, now, self._group(delivery), again=is_retry(delivery))
            if verdict.outcome == Outcome.TIMEOUT and self.services.one_caller:
                self.route.circuit.trip(now)

    def end(self) -> None:
        """The attempt is over."""
        with self._lock:
            self.under_way = {}
            self.since = 0.0

    def _group(self, delivery: Delivery) -> str | None:
        return delivery.lease if self.route.window is not None else None

    # Its end

    def finish(self) -> None:
        """Give back the channel, and learn from the turn. Called once, by the thread that ran it."""
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
            self.route.claim_size.learn(self.attempts, wall, cpu, self.route.most_lanes)

    def release(self, deliveries: list[Delivery]) -> None:
        """Return claimed deliveries to the outbox unattempted."""
        if deliveries:
            self.gave_back = True
            self.services.outbox.release(deliveries)

    def expire(self, deliveries: list[Delivery]) -> None:
        """Claimed deliveries are not attempted any more; they may be under way as far as a channel is opened."""
        self.withdraw(deliveries)
        self.services.outbox.expire(deliveries)

    def withhold(self, deliveries: list[Delivery], reason: str) -> None:
        """Claimed deliveries are not attempted, and dead for this reason: the listener may not get them."""
        self.withdraw(deliveries)
        self.services.outbox.withhold(deliveries, reason)

    def those_of(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Of these, what is under way, as it was claimed last."""
        with self._lock:
            return [self.under_way[one.id] for one in deliveries if one.id in self.under_way]

    def withdraw(self, deliveries: Iterable[Delivery]) -> None:
        """These are not under way any more."""
        with self._lock:
            for one in deliveries:
                self.under_way.pop(one.id, None)
            self.since = self.since if self.under_way else 0.0

    def give_up(self) -> list[Delivery]:
        """The dispatcher stops: returns what is under way, to be released. Its results are no longer recorded."""
        with self._lock:
            self.abandoned = True
            left, self.under_way = list(self.under_way.values()), {}
            return left

    def abandon(self, reason: str) -> bool:
        """Give up on a turn that hangs: its current deliveries time out. False if there are none.

        Whatever its thread does afterwards is not recorded.
        """
        with self._lock:
            if self.abandoned or not self.since:
                return False
            self.abandoned = True
            now = self._clock.monotonic()
            verdict = Verdict(Outcome.TIMEOUT, reason)
            again = all(map(is_retry, self.under_way.values()))
            for delivery in self.under_way.values():
                self._recorder.add(
                    Judged(
                        self.route, delivery, verdict, self.started, now - self.began, self._group(delivery), self.by
                    )
                )
            self.under_way = {}
        if same(self.by, self.route.listener):
            self.route.circuit.failed(now, again=again)
        self.route.speed = SILENT
        return True
