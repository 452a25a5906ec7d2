"""`Dispatcher`: delivers what is due, in threads of its own (`start`, `stop`) or in the caller's (`run_due`).

How a delivery goes through here:

    wake, look      a listener may have something due               (`agenda.py`)
    next            a thread asks for work, and claims if nothing is runnable (`scheduler.py`)
    claim           once for all listeners that are due              (`claiming.py`)
    turn            a thread, or a task, takes a listener's deliveries one after the other (`turn.py`)
    attempt         look, open, send, renew, judge, record           (`attempt.py`: the list of steps)
    record          results of all listeners together                (`recorder.py`)

Threads of a pool do that (`crew.py`). The dispatcher's own thread keeps the time (`timekeeper.py`): it looks, starts
threads, and gives up on what hangs; nothing that a notifier does runs in it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from pulp_events.dispatcher.channels import OpenChannel, has_nothing_to_close
from pulp_events.dispatcher.crew import Crew, guarded
from pulp_events.dispatcher.jobs import close, closing
from pulp_events.dispatcher.rest import POLL
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.scheduler import Scheduler
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.timekeeper import Timekeeper
from pulp_events.dispatcher.turn import Turn
from pulp_events.errors import StoreError
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import NewEvent
from pulp_events.settings.kept import keep_events
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock
from pulp_events.system.exclusive import InUse

STORE_PATIENCE = 2.0
"""Seconds for which a caller of `run_due` waits while results cannot be stored."""
LEAST_GRACE = 1.0
"""Seconds that the dispatcher's own thread has at least to end, so that it finds no outbox that is closed."""
CLOSING_THREADS = 8
"""Threads that close channels when the dispatcher stops."""


class Dispatcher:
    """The threads that make deliveries, and what wakes and watches them."""

    def __init__(self, services: Services, settings: Settings) -> None:
        delivery = settings.section("delivery")
        concurrency = int(delivery["concurrency"])
        self._services = services
        self._outbox = services.outbox
        self._recorder = services.recorder
        self._routes = services.routes
        self.clock: Clock = services.clock
        self.stopping: threading.Event = services.stopping
        self._scheduler = Scheduler(services, float(delivery["lease"]), concurrency, self._more_threads)
        self._crew = Crew(services, self._scheduler, concurrency, self._call)
        self._timekeeper = Timekeeper(services, self._scheduler, self._crew, delivery, keep_events(settings))
        services.refill = self._scheduler.refill
        services.recorder.on_recorded = self._scheduler.recorded
        services.channels.on_close = self._close
        self.cut_off: frozenset[str] = frozenset()
        """Ids of the deliveries that were still under way when it had stopped."""
        self._running = InUse()
        self._again = False
        """Somebody emitted while `run_due` was at work in the same thread."""

    def start(self, *, backlog: bool = True) -> None:
        """Begin to deliver in background threads. Raises EventsError where the system permits no thread.

        `backlog`: False delivers only what `add_own` and `adopt` are told of; all else is left to other processes.
        """
        if not backlog:
            self._scheduler.own_only()
        self._timekeeper.backlog = backlog
        self._recorder.watch.start()
        self._crew.in_threads = True
        try:
            self._timekeeper.start()
        except BaseException:
            self._crew.in_threads = False
            raise

    @property
    def failure(self) -> StoreError | None:
        """Why nothing can be delivered any more: an outbox that is damaged, or too new."""
        return self._timekeeper.failure or self._scheduler.too_new or self._recorder.too_new

    @property
    def hindrance(self) -> StoreError | None:
        """Why the outbox could not be written when that was last tried; None where it could."""
        return self._recorder.hindrance or self._services.hindrance

    @property
    def silent(self) -> float:
        """Seconds since its thread last went round, which it does several times a second; what a store takes is added.
        More than that is a thread that hangs, or has ended."""
        return self.clock.monotonic() - self._timekeeper.turned

    @property
    def made(self) -> tuple[int, int, int]:
        """What it made since it began: attempts that delivered, attempts that did not, and what it holds now."""
        return self._recorder.delivered, self._recorder.failed, self._scheduler.in_flight

    def drain(self, timeout: float, *, patient: bool = True) -> bool:
        """Wait until nothing is due and nothing under way here, at most `timeout` seconds; False if something still
        is. `patient`: also for endpoints that do not answer. Raises StoreError for an outbox that can never be read."""
        deadline = time.monotonic() + timeout
        whose = _whose(patient)
        # Asked once each time: whatever was found idle may be looking again a moment later. What is then to be told of
        # listeners is due, too: a process that is started now and then to do what is due tells it, too.
        while self._crew.in_threads and (
            self._has_work(whose) or (self._timekeeper.backlog and self._services.look_out(True))
        ):
            if (left := deadline - time.monotonic()) <= 0:
                return False
            if self.failure is not None:
                raise self.failure
            # Not while something is only claimed: a look leads to another claim for those whom nobody here can serve,
            # and on a busy machine that would be under way whenever this asks.
            if self._recorder.busy or self._is_due(whose):
                self._timekeeper.wake()
            self.wait_for_record(min(POLL, left))
        return True

    def stop(self, grace: float = 5.0, *, patient: bool = True) -> None:
        """Finish the attempts under way, give back the rest, close the channels; at most `grace` seconds.

        `patient`: wait also for endpoints that do not answer.
        """
        deadline = time.monotonic() + grace
        whose = _whose(patient)
        self.stopping.set()
        self._timekeeper.join(max(LEAST_GRACE, deadline - time.monotonic()))
        self._crew.wake_all()
        while self._scheduler.is_working(whose) and time.monotonic() < deadline:
            self._timekeeper.count_slow()  # its thread has ended
            self.wait_for_record(0.01)
        self._recorder.settle(max(0.0, deadline - time.monotonic()) + 2 * LEAST_GRACE)
        guarded(self._recorder.flush)
        guarded(self._release)
        self._services.channels.close_idle(older_than=0.0)
        for _ in range(min(self._scheduler.jobs_left, CLOSING_THREADS)):
            self._crew.pool.start_one()
        self._crew.pool.join(deadline)
        self._services.loops.stop()
        self._recorder.sum_up(all=True)
        self._recorder.watch.stop(max(0.1, deadline - time.monotonic()))

    def wake(self, listener_ids: Iterable[str]) -> None:
        """These listeners have something new."""
        if not self._crew.in_threads:
            return
        with self._scheduler.lock:
            if not self._scheduler.due_now(listener_ids):
                return  # whoever serves them now looks for more
            woken = self._crew.pool.unpark()
        if not woken:
            self._timekeeper.wake()

    def add_own(self, events: Iterable[NewEvent]) -> None:
        """Without a backlog: the deliveries of these events, which were just stored, are to be made here."""
        self._scheduler.add_own(events)

    @property
    def own_left(self) -> list[str]:
        """Without a backlog: ids of the deliveries that are this process's own, and not known to be done."""
        return self._scheduler.own_left

    def adopt(self, deliveries: Iterable[Delivery]) -> None:
        """Without a backlog: these deliveries, of an event that was stored earlier, are to be made here as well."""
        adopted = [*deliveries]
        self._scheduler.adopt(adopted)
        self.wake({each.listener_id for each in adopted})

    def is_throttled(self, listener_id: str) -> bool:
        """True if the listener's rate is known to allow nothing more for a while."""
        route = self._routes.known(listener_id)
        return route is not None and route.is_throttled(self.clock.monotonic())

    def look_soon(self) -> None:
        """This process changed what is pending: deliveries were retried, say."""
        self._timekeeper.look_soon()

    def wait_for_record(self, timeout: float) -> None:
        """Wait until results were stored here, at most `timeout` seconds."""
        with self._recorder.recorded:
            self._recorder.recorded.wait(timeout)

    def run_due(self) -> int:
        """Make every attempt that is due now, in the calling thread; returns how many deliveries were attempted.

        Called from within itself (a notifier emits, or a signal handler does), it leaves them to the outer call; so it
        does in an event loop, where it would wait for what the same loop is to run.
        """
        if self._running.here or self._services.loops.here:
            self._again = True
            return 0
        self._recorder.patience = STORE_PATIENCE
        self._services.one_caller = True
        self._scheduler.for_one_caller()
        return self._running.run(self._make_due)

    def _make_due(self) -> int:
        attempted = 0
        while True:
            self._again = False
            self._timekeeper.look()
            made = 0
            while (work := self._scheduler.next()) is not None:
                self._crew.do(work)
                made += work.attempts if isinstance(work, Turn) else 0
                self._recorder.flush()
            attempted += made
            if not made and not self._again:
                self._services.look_out(False)
            if not made and not self._again:  # as it stays unless something was said
                return attempted

    def _close(self, opened: OpenChannel) -> None:
        """A channel is used no more: a thread of the pool closes it, or, where there is none, whoever calls."""
        if has_nothing_to_close(opened.channel):
            return
        type_id = opened.type_id
        if not self._crew.in_threads:
            close(opened, type_id, self._services.loops)
        else:
            self._scheduler.job(closing(opened, type_id, self._services.loops, self.clock))

    def _has_work(self, whose: Callable[[Route], bool]) -> bool:
        # Once more afterwards: what was claimed in between is neither due any more nor was it under way before.
        return self._is_busy(whose) or self._is_due(whose) or self._is_busy(whose)

    def _is_busy(self, whose: Callable[[Route], bool]) -> bool:
        return self._scheduler.is_busy(whose) or self._recorder.busy

    def _is_due(self, whose: Callable[[Route], bool]) -> bool:
        if not self._timekeeper.backlog:
            return self._scheduler.has_work
        now = self.clock.monotonic()
        routes = [self._routes.get(listener_id) for listener_id, wait in self._outbox.ready().items() if wait <= 0]
        return any(route is not None and route.is_due(now) and whose(route) for route in routes)

    def _release(self) -> None:
        held = self._scheduler.take_all()
        for work in list(self._scheduler.at_work):
            if isinstance(work, Turn):
                left = self._crew.let_go(work)
                self.cut_off |= {each.id for each in left}
                held += [*left, *work.taken]
        if held:
            self._outbox.release(held)

    def _more_threads(self, count: int) -> None:
        self._crew.more(count)

    def _call(self) -> None:
        self._timekeeper.wake()


def _whose(patient: bool) -> Callable[[Route], bool]:
    """The routes that are waited for."""
    return (lambda _: True) if patient else (lambda route: route.may_answer)
