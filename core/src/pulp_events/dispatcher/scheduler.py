"""`Scheduler`: what a thread does next."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from pulp_events.dispatcher.claiming import Claimer
from pulp_events.dispatcher.job_queue import JobQueue
from pulp_events.dispatcher.jobs import Job, asking_for_window
from pulp_events.dispatcher.lines import FIRST_TO_LAST, LINES, QUICK, Line
from pulp_events.dispatcher.own_deliveries import OwnDeliveries
from pulp_events.dispatcher.queues import Queues
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.turn import Turn
from pulp_events.errors import StoreTooNew
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import NewEvent, Result

AFTER_GIVING_BACK = 1.0
"""Seconds after which what was given back unattempted, as the records could not be read, is asked for again."""
_TASKS = [line for line in LINES if line.in_loop]
_USUALLY = sorted(LINES, key=lambda line: FIRST_TO_LAST.index(line.speed))
_NOW_AND_THEN = sorted(_USUALLY, key=lambda line: line.speed is QUICK)


class Scheduler:
    """Threads call `next`, do what they get, and call `done`.

    One thread at a time claims, for as many listeners as threads may serve soon; no other waits for it. Nothing that a
    notifier does is called here.
    """

    def __init__(self, services: Services, lease: float, concurrency: int, wake: Callable[[int], None]) -> None:
        self._services = services
        self._outbox = services.outbox
        self._routes = services.routes
        self._clock = services.clock
        self._wake = wake
        self._queues = Queues(services.routes, services.clock, concurrency)
        self._jobs = JobQueue(concurrency, services.stopping)
        self._claimer = Claimer(services, self._queues, lease, wake, self._ask_for_window)
        services.late, services.release_late = self._claimer.late, self._claimer.release_late
        services.claim_again = self._claimer.claim_again
        self._claiming = False
        self._asking: set[int] = set()
        """Threads that ask for work in a moment."""
        self.lock: threading.RLock = self._queues.lock
        self._picks = itertools.count()
        self.at_work: set[Turn | Job] = set()
        self.finished: int = 0
        """Turns that have ended."""

    def own_only(self) -> None:
        """Claim nothing but what this process emits."""
        self._claimer.own = OwnDeliveries()

    def for_one_caller(self) -> None:
        """Whoever calls `next` waits for each delivery: claims are not to wait for more to come."""
        self._claimer.gathers = False

    # What may be due

    def due_now(self, listener_ids: Iterable[str]) -> bool:
        """These may have something to claim; False if turns that look for more are at work for all of them."""
        with self.lock:
            self._queues.agenda.now(listener_ids)
            return not all(map(self._is_served, listener_ids))

    def due_later(self, listener_id: str, wait: float) -> None:
        """It may have something to claim in `wait` seconds."""
        self._queues.due_later(listener_id, wait)

    def add_own(self, events: Iterable[NewEvent]) -> None:
        """These were stored by this process."""
        with self.lock:
            if self._claimer.own is not None:
                self._claimer.own.add(events)

    def adopt(self, deliveries: Iterable[Delivery]) -> None:
        """These, pending already, are this process's own from now on."""
        with self.lock:
            if self._claimer.own is not None:
                self._claimer.own.adopt(deliveries)

    @property
    def own_left(self) -> list[str]:
        """Ids of this process's own deliveries that are not known to be done."""
        with self.lock:
            return [] if self._claimer.own is None else self._claimer.own.all

    def look_for_own(self) -> None:
        """What kept this process's own deliveries from being made may be over."""
        with self.lock:
            if self._claimer.own is not None:
                self._queues.agenda.now(self._claimer.own.listeners)

    def recorded(self, results: Sequence[Result]) -> None:
        """These results are stored: retries come due, and what waited for an order or a window may follow."""
        own = self._claimer.own
        with self.lock:
            for result in results:
                listener_id = result.delivery.listener_id
                if result.retry_in is not None:
                    self.due_later(listener_id, result.retry_in)
                route = self._routes.known(listener_id)
                in_order = route is not None and (route.ordered or route.window is not None)
                if own is not None:
                    if result.retry_in is None:
                        own.done(listener_id, (result.delivery.id,))
                    elif not in_order:
                        own.later(listener_id, result.delivery.id)
                if in_order or (own is not None and own.of(listener_id)):
                    self._queues.agenda.now((listener_id,))

    # What there is

    @property
    def soonest(self) -> float:
        """Monotonic time at which somebody comes due who is not due yet; infinity if nobody does."""
        with self.lock:
            self._queues.agenda.advance(self._clock.monotonic())
            return self._queues.agenda.soonest

    @property
    def is_resting(self) -> bool:
        """True if nothing is under way, nothing waits, and nobody is due."""
        with self.lock:
            if self.at_work or self._jobs or self._queues.queued or self._claiming:
                return False
            self._queues.agenda.advance(self._clock.monotonic())
            return self._queues.agenda.is_empty

    @property
    def has_work(self) -> bool:
        """True if a thread would find something to do."""
        with self.lock:
            return self._jobs.has_next or (
                self._is_open and (self._queues.pick(LINES) is not None or self._may_claim())
            )

    def is_busy(self, whose: Callable[[Route], bool]) -> bool:
        """True if anything of these routes is under way or claimed, or anything being claimed."""
        with self.lock:
            return any(map(whose, self._queues.queued)) or self.is_working(whose)

    def is_working(self, whose: Callable[[Route], bool]) -> bool:
        """True if anything of these routes is under way, or anything being claimed."""
        with self.lock:
            return self._claiming or any(isinstance(work, Turn) and whose(work.route) for work in self.at_work)

    @property
    def in_flight(self) -> int:
        """Deliveries that are being attempted."""
        with self.lock:
            return sum(len(work.under_way) for work in self.at_work if isinstance(work, Turn))

    @property
    def waiting(self) -> int:
        """Listeners that wait for a thread, as far as their shares have room, and jobs."""
        with self.lock:
            return len(self._jobs) + self._queues.waiting

    @property
    def jobs_left(self) -> int:
        """How many jobs there are that no thread has taken yet."""
        return len(self._jobs)

    # What a thread does next

    def next(self) -> Turn | Job | None:
        """Work for the calling thread; None if there is none now."""
        while True:
            with self.lock:
                if (job := self._jobs.take()) is not None:
                    self.at_work.add(job)
                    return job
                if not self._is_open:
                    return None
                # Quick ones first, yet every fourth time the others.
                if (line := self._queues.pick(_USUALLY if next(self._picks) % 4 else _NOW_AND_THEN)) is not None:
                    return self._begin(line)
                if not self._may_claim():
                    return None
                self._claiming = True
            self._claim()

    def next_task(self) -> Turn | None:
        """A turn for an event loop, if one is claimed for: its thread takes no part in claims and other work."""
        with self.lock:
            line = self._queues.pick(_TASKS) if self._is_open else None
            return None if line is None else self._begin(line)

    def job(self, job: Job) -> None:
        """Have a thread do this."""
        with self.lock:
            self._jobs.add(job)
            self._count_closing(job, 1)
            wake = threading.get_ident() not in self._asking
        if wake:
            self._wake(1)

    @contextmanager
    def asking_next(self) -> Iterator[None]:
        """After this block the calling thread asks what there is to do: nobody else is to be woken for a job."""
        me = threading.get_ident()
        self._asking.add(me)
        try:
            yield
        finally:
            self._asking.discard(me)

    def done(self, work: Turn | Job) -> None:
        """The thread is through with it, or it was abandoned: whatever comes first counts."""
        if isinstance(work, Job):
            with self.lock:
                if work in self.at_work:
                    self.at_work.discard(work)
                    self._jobs.ended(work)
                    self._count_closing(work, -1)
            return
        route = work.route
        current = not route.waiting or self._routes.get(route.listener.id) is route
        with self.lock:
            if work not in self.at_work:
                return
            self.at_work.discard(work)
            self.finished += 1
            self._queues.end(work.line)
            self._queues.line_changed(route)
            route.turns.discard(work)
            released = self._settle(route, current)
            if work.gave_back:
                self.due_later(route.listener.id, AFTER_GIVING_BACK)
        if released:
            try:
                self._outbox.release(released)
            finally:
                self.due_now((route.listener.id,))

    def refill(self, route: Route) -> None:
        """Claim more for a route whose channel has room, unless another thread is just claiming."""
        with self.lock:
            if route.waiting:
                return
            if not route.exhausted and route.claim_limit():
                self._queues.agenda.now((route.listener.id,))
            if not self._may_claim():
                return
            self._claiming = True
        self._claim()

    def slow_down(self, turn: Turn) -> None:
        """What is under way there takes long: it is counted as slow from now on."""
        with self.lock:
            if turn in self.at_work:
                self._queues.slow_down(turn)

    def widen(self, route: Route) -> None:
        """Let another turn take what waits behind one that takes long."""
        with self.lock:
            if len(route.turns) >= route.claim_size.lanes < route.most_lanes and not route.claim_size.is_limited:
                route.claim_size.lanes += 1
            self._queues.queue(route)

    @property
    def too_new(self) -> StoreTooNew | None:
        """See `Claimer`."""
        return self._claimer.too_new

    def take_all(self) -> list[Delivery]:
        """What is claimed and not begun, to be released."""
        with self.lock:
            return self._queues.clear()

    def give_back_stranded(self) -> int:
        """Release what is claimed and will not be attempted; returns how many deliveries that were. Raises
        StoreError."""
        with self.lock:
            stranded = self._queues.stranded()
        if stranded:
            self._outbox.release(stranded)
            self.due_now({delivery.listener_id for delivery in stranded})
        return len(stranded)

    @property
    def _is_open(self) -> bool:
        """False while nothing more is to be sent."""
        return not (self._services.stopping.is_set() or self._services.recorder.blocked)

    def _begin(self, line: Line) -> Turn:
        route = self._queues.take(line)
        turn = Turn(route, self._services)
        turn.line = line
        turn.crowded = self._is_crowded
        route.turns.add(turn)
        self.at_work.add(turn)
        if len(route.waiting) > 1:
            self._queues.queue(route)  # for another lane, if it is worth one
        return turn

    def _is_crowded(self) -> bool:
        return bool(self._queues.queued)

    def _is_served(self, listener_id: str) -> bool:
        if self._claiming:
            return True  # whoever claims looks again
        route = self._routes.known(listener_id)
        return route is not None and len(route.turns) >= max(1, route.lanes_wanted(self._clock.monotonic()))

    def _settle(self, route: Route, current: bool) -> list[Delivery]:
        """After a turn: queue the route again, ask for more, or give back what cannot be sent now."""
        released: list[Delivery] = []
        now = self._clock.monotonic()
        wait = route.wait(now)
        # In an order, what follows waits for what became of the last one.
        if not current or (route.ordered and not route.turns) or self._services.stopping.is_set():
            released = list(route.waiting)
            route.waiting.clear()
        else:
            released = self._queues.hold_back(route)
        self._queues.queue(route)
        if wait > 0:
            self._queues.agenda.later(route.listener.id, now + wait)
        elif not route.exhausted and route.claim_limit():
            self._queues.agenda.now((route.listener.id,))
        return released

    def _may_claim(self) -> bool:
        return not self._claiming and self._queues.has_due

    def _claim(self) -> None:
        """The caller has set `_claiming`."""
        try:
            self._claimer.claim()
        finally:
            with self.lock:
                self._claiming = False

    # What must be known of a route, or done for it

    def _count_closing(self, job: Job, by: int) -> None:
        route = None if job.closes_for is None else self._routes.known(job.closes_for)
        if route is not None:
            route.closing = max(0, route.closing + by)
            if by < 0:
                self._queues.agenda.now((route.listener.id,))

    def _ask_for_window(self, route: Route) -> None:
        if not route.asking:
            route.asking = True
            self.job(asking_for_window(route, self._clock, lambda: self._window_known(route)))

    def _window_known(self, route: Route) -> None:
        self.due_now((route.listener.id,))
        self._wake(1)
