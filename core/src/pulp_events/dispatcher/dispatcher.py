"""`Dispatcher`: delivers what is due, in threads of its own (`start`, `stop`) or in the caller's (`run_due`).

How a delivery goes through here:

    wake, look      a listener may have something due               (`agenda.py`)
    claim           one statement for all listeners whose turn it is (`scheduler.py`)
    turn            a thread, or a task, takes a listener's deliveries one after the other (`turn.py`)
    attempt         look, open, send, renew, judge, record           (`attempt.py`: the list of steps)
    record          results of all listeners together                (`recorder.py`)

The dispatcher's own thread keeps the time: it looks, starts threads, and gives up on what hangs. Nothing that a
notifier does runs in it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from pulp_events.clock import Clock
from pulp_events.dispatcher.attempt import make_attempts, make_attempts_in_loop
from pulp_events.dispatcher.channels import OpenChannel, has_nothing_to_close
from pulp_events.dispatcher.jobs import Job, close, closing
from pulp_events.dispatcher.pool import LINGER, Pool, PoolThread
from pulp_events.dispatcher.scheduler import Scheduler
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.turn import Turn
from pulp_events.dispatcher.workload import Workload
from pulp_events.errors import EventsError, StoreCorrupt, StoreError, StoreTooNew
from pulp_events.exclusive import InUse
from pulp_events.logs import get_logger
from pulp_events.settings.settings import Settings

POLL = 0.04
"""Seconds between looks at whether another process stored something."""
BUSY_POLL = 0.01
"""Seconds between looks at whether more threads are needed, while work waits for one."""
SUPERVISE = 0.5
"""Seconds between looks at what hangs, leases that end, and records of listeners that changed."""
FOR_MORE = 0.004
"""Seconds for which a thread that ran out of work waits for more before it stores results."""
SLOW_STEP = 0.1
"""Seconds after which what waits behind a step may be taken by another thread."""
LONG_STEP = 2.0
"""Seconds after which a step counts as slow."""
FORGET = 20.0
"""Seconds between looks at routes that are not used any more."""
MAINTAIN = 60.0
"""Seconds between cleanings."""
WATCH = 0.05
"""Seconds between looks at what takes long."""
STORE_PATIENCE = 2.0
"""Seconds for which a caller of `run_due` waits while results cannot be stored."""
CLOSING_THREADS = 8
"""Threads that close channels when the dispatcher stops."""
COMPLAINT = 60.0
"""Seconds between log lines about the same failure."""
LONGEST_LOOK = 60.0
"""Seconds after which the dispatcher looks without a reason."""
GRACE = 2.0
"""Seconds beyond a notifier's own time limit after which its thread is abandoned."""

_logger = get_logger(__name__)


class Dispatcher:
    """The threads that make deliveries, and what wakes and watches them."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self._services = services
        self._outbox = services.outbox
        self._recorder = services.recorder
        self._routes = services.routes
        self._clock: Clock = services.clock
        self._delivery = settings.section("delivery")
        self._lease = float(self._delivery["lease"])
        self.stopping = services.stopping
        self._concurrency = int(self._delivery["concurrency"])
        self._scheduler = Scheduler(services, self._lease, self._concurrency, self._more_threads)
        self._pool = Pool(self._work)
        self._workload = Workload(self._concurrency)
        services.refill = self._scheduler.refill
        services.recorder.on_recorded = self._scheduler.recorded
        services.channels.on_close = self._close
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._running = InUse()
        self._backlog = True
        self.failure: StoreError | None = None
        """Why nothing can be delivered any more: an outbox that is damaged, or too new. It is tried all the same."""
        self._complained = ("", 0.0)
        self._again = False
        """Somebody emitted while `run_due` was at work in the same thread."""
        self._next_look = 0.0
        self._extended = self._watched = self._forgot = 0.0
        self._stuck = 0
        """Threads that are at work at one step for long."""

    # Its life

    def start(self, *, backlog: bool = True) -> None:
        """Begin to deliver in background threads. Raises EventsError where the system permits no thread.

        `backlog`: False serves only the listeners that `wake` names; what waits for others is left to other processes.
        """
        self._backlog = backlog
        self._recorder.watch.start()
        thread = threading.Thread(target=self._loop, name="pulp-events-dispatcher", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise EventsError(
                f"the thread that makes deliveries cannot be started ({error}); raise the limit of threads of this "
                "process, or open the bus with deliver='external' and run a worker"
            ) from error
        self._thread = thread

    def drain(self, timeout: float) -> bool:
        """Wait until nothing is due and nothing under way here, at most `timeout` seconds; False if something still
        is. Raises StoreError for an outbox that can never be read."""
        deadline = time.monotonic() + timeout
        while self._thread is not None and time.monotonic() < deadline and self._has_work():
            if self.failure is not None:
                raise self.failure
            self._wake.set()
            self.wait_for_record(min(POLL, max(0.0, deadline - time.monotonic())))
        return self._thread is None or not self._has_work()

    def stop(self, grace: float = 5.0) -> None:
        """Finish the attempts under way, give back the rest, close the channels; at most `grace` seconds."""
        deadline = time.monotonic() + grace
        self.stopping.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(max(0.0, deadline - time.monotonic()))
        self._unpark_all()
        while self._scheduler.is_working and time.monotonic() < deadline:
            self.wait_for_record(0.01)
        self._guarded(self._recorder.flush)
        self._guarded(self._release)
        self._services.channels.close_idle(older_than=0.0)
        for _ in range(min(self._scheduler.jobs, CLOSING_THREADS)):
            self._pool.start_one()
        self._pool.join(deadline)
        self._services.loops.stop()
        self._recorder.sum_up(all=True)
        self._recorder.watch.stop(max(0.1, deadline - time.monotonic()))

    def wake(self, listener_ids: Iterable[str]) -> None:
        """These listeners have something new."""
        if self._thread is None:
            return
        with self._scheduler.lock:
            if not self._scheduler.due_now(listener_ids):
                return  # whoever serves them now looks for more
            woken = self._pool.unpark()
        if not woken:
            self._wake.set()

    def look_soon(self) -> None:
        """This process changed what is pending: deliveries were retried, say."""
        self._next_look = 0.0
        self._wake.set()

    def wait_for_record(self, timeout: float) -> None:
        """Wait until results were stored here, at most `timeout` seconds."""
        with self._recorder.recorded:
            self._recorder.recorded.wait(timeout)

    def run_due(self) -> int:
        """Make every attempt that is due now, in the calling thread; returns how many deliveries were attempted.

        Called from within itself (a notifier emits, or a signal handler does), it leaves them to the outer call.
        """
        if self._running.here:
            self._again = True
            return 0
        attempted = 0
        self._recorder.patience = STORE_PATIENCE
        self._scheduler.gathers = False
        with self._running:
            while True:
                self._again = False
                self._look()
                made = 0
                while (work := self._scheduler.next()) is not None:
                    self._do(work)
                    made += work.attempts if isinstance(work, Turn) else 0
                    self._recorder.flush()
                attempted += made
                if not made and not self._again:
                    return attempted

    # A thread of the pool

    def _work(self, thread: PoolThread) -> None:
        while True:
            work = self._scheduler.next()
            if work is None:
                if not self._park(thread):
                    self._guarded(self._recorder.flush)
                    return
                continue
            if isinstance(work, Turn) and work.line.in_loop:
                self._do(work)
                continue
            work.thread = thread
            self._do(work)
            if work.thread is None:  # it was given up, and this thread replaced
                self._returned(work)
                return
            if self._recorder.due:
                self._guarded(lambda: self._recorder.flush(wait=False))

    def _do(self, work: Turn | Job) -> None:
        """Do it here, or have an event loop do it."""
        try:
            if isinstance(work, Job):
                work.run()
            elif work.line.in_loop and self._thread is not None:
                self._services.loops.start(work, make_attempts_in_loop, self._ended)
                return
            else:
                make_attempts(work)
        except StoreError as error:
            _logger.error("a turn ends: %s", error)
            self.stopping.wait(1.0)
        except Exception:
            _logger.exception("a turn ends")
            self.stopping.wait(1.0)
        self._end(work)

    def _ended(self, turn: Turn) -> None:
        """A task is through with its turn."""
        self._end(turn)
        if turn.abandoned:
            self._returned(turn)
        self._more_threads(1)

    def _end(self, work: Turn | Job) -> None:
        try:
            if isinstance(work, Turn):
                work.finish()
        except Exception:
            _logger.exception("a turn's end")
        finally:
            self._guarded(lambda: self._scheduler.done(work))

    def _park(self, thread: PoolThread) -> bool:
        """Wait for work; False if the thread is to end.

        Results are stored where none comes at once: while it does, they are stored together.
        """
        with self._scheduler.lock:
            if self._scheduler.has_work:
                return True
            if self.stopping.is_set():
                return False
            self._pool.parked.append(thread)
        while not thread.wait(FOR_MORE if self._recorder.has_results else LINGER):
            with self._scheduler.lock:
                if thread not in self._pool.parked:
                    continue  # just woken
                has_results = self._recorder.has_results
                if has_results or len(self._pool.threads) > 1:
                    self._pool.parked.remove(thread)
                    if not has_results:
                        return False
            if has_results:
                self._guarded(self._recorder.flush)
                return True
        return True

    def _returned(self, work: Turn | Job) -> None:
        """A thread that was given up came back from what it hung in."""
        if isinstance(work, Turn):
            work.route.abandoned -= 1
            self._scheduler.due_now((work.route.listener.id,))

    def _more_threads(self, count: int) -> None:
        """Wake parked threads for so many pieces of work; the dispatcher's own thread starts others if need be."""
        with self._scheduler.lock:
            room = max(1, self._workload.wanted - (len(self._pool.threads) - len(self._pool.parked)))
            for _ in range(min(count, room)):
                if not self._pool.unpark():
                    break
            else:
                return
        self._wake.set()

    def _unpark_all(self) -> None:
        with self._scheduler.lock:
            while self._pool.unpark():
                pass

    # The dispatcher's own thread

    def _loop(self) -> None:
        supervised = maintained = self._clock.monotonic()
        self._pool.start_one()
        while not self.stopping.is_set():
            if self._wake.wait(self._pause()):
                self._wake.clear()  # not otherwise: it may just have been set
            try:
                now = self._clock.monotonic()
                supervise = now - supervised >= SUPERVISE
                if self._backlog and (
                    self._outbox.changed() or (supervise and self._routes.changed()) or now >= self._next_look
                ):
                    self._look()
                self._grow()
                self._watch(now)
                if supervise:
                    supervised = now
                    self._supervise(now)
                if now - maintained >= MAINTAIN:
                    maintained = now
                    self._maintain()
                self.failure = None
            except StoreError as error:
                if isinstance(error, StoreCorrupt | StoreTooNew):
                    self.failure = error
                self._complain(str(error))
                self._look_again()
            except Exception:
                _logger.exception("the dispatcher tries again in 1 s")
                self._look_again()

    def _look_again(self) -> None:
        self._next_look = 0.0  # what called for the look that failed calls no second time
        self.stopping.wait(1.0)

    def _complain(self, text: str) -> None:
        """Log what goes wrong, the same thing once a minute."""
        before, at = self._complained
        now = self._clock.monotonic()
        if text != before or now - at >= COMPLAINT:
            self._complained = (text, now)
            _logger.error("the dispatcher tries again in 1 s: %s", text)

    def _pause(self) -> float:
        if self._scheduler.has_work:
            return BUSY_POLL
        return max(0.001, min(POLL, self._scheduler.soonest - self._clock.monotonic()))

    def _look(self) -> None:
        """Ask the outbox who has something pending."""
        began, spent = self._clock.monotonic(), time.monotonic()
        soonest = LONGEST_LOOK
        for listener_id, wait in self._outbox.ready().items():
            if wait <= 0:
                self._scheduler.due_now((listener_id,))
            else:
                soonest = min(soonest, wait)
                self._scheduler.due_later(listener_id, wait)
        # Looking takes time where very many listeners have something pending: it may take a tenth of ours.
        self._next_look = began + max(min(soonest, LONGEST_LOOK), 10 * (time.monotonic() - spent))

    def _grow(self) -> None:
        """Start or wake threads while work waits for one and the machine has time to spare."""
        waits = self._scheduler.has_work and self._workload.falls_behind(
            self._scheduler.waiting, len(self._scheduler.at_work), self._scheduler.finished
        )
        threads, parked = len(self._pool.threads), len(self._pool.parked)
        wanted = self._workload.look(waits, threads - parked, self._stuck)
        if not waits and threads:
            return
        with self._scheduler.lock:
            for _ in range(wanted - (threads - parked)):
                if not self._pool.unpark():
                    break
                parked -= 1
        if parked > 0:
            return
        for _ in range(wanted - threads):
            if not self._scheduler.has_work or not self._pool.start_one():
                return

    def _watch(self, now: float) -> None:
        """See to what takes long: what waits behind it may go another way, and results are stored meanwhile."""
        if self._recorder.due:
            self._recorder.flush(wait=False)
        if now - self._watched < WATCH:
            return
        self._watched, stuck = now, 0
        for work in list(self._scheduler.at_work):
            since = work.since
            if not since or now - since < SLOW_STEP:
                continue
            stuck += work.thread is not None and now - since > LONG_STEP
            if isinstance(work, Turn):
                if work.route.waiting and not work.route.ordered:
                    self._scheduler.widen(work.route)
                if now - since > LONG_STEP:
                    self._scheduler.slow_down(work)
        self._stuck = stuck

    def _supervise(self, now: float) -> None:
        """Give up on what hangs; keep the leases of what is held; close what is not used."""
        for work in list(self._scheduler.at_work):
            limit = work.limit + GRACE
            if work.since and now - work.since > limit:
                self._abandon(work, f"no answer within {limit:.0f} s; the attempt was abandoned")
        if now - self._extended > self._lease / 3:
            self._extended = now
            held = [one for route in self._routes.all() for one in route.held()] + self._recorder.waiting
            if held:
                self._outbox.extend(held, self._lease)
        self._recorder.sum_up()
        self._services.loops.look_after()
        self._services.channels.close_idle()
        if now - self._forgot > FORGET:
            self._forgot = now
            self._routes.forget_unused()

    def _abandon(self, work: Turn | Job, reason: str) -> None:
        if not work.abandon(reason):
            return
        thread, work.thread = work.thread, None
        if isinstance(work, Turn):
            work.route.abandoned += 1
        self._scheduler.done(work)
        if thread is not None:
            self._pool.gone(thread)
            self._pool.start_one()
        self._recorder.flush(wait=False)

    def _maintain(self) -> None:
        more = True
        while more and not self.stopping.is_set():
            more = self._outbox.maintain(self._delivery["keep_delivered"], self._delivery["keep_dead"])
            self.stopping.wait(0.02)

    # Ends

    def _close(self, opened: OpenChannel) -> None:
        """A channel is used no more: a thread of the pool closes it, or, where there is none, whoever calls."""
        if has_nothing_to_close(opened.channel):
            return
        type_id = opened.type_id
        if self._thread is None:
            close(opened, type_id, self._services.loops)
        else:
            self._scheduler.job(closing(opened, type_id, self._services.loops, self._clock))

    def _has_work(self) -> bool:
        if self._scheduler.is_busy or self._recorder.busy:
            return True
        if not self._backlog:
            return self._scheduler.has_work
        now = self._clock.monotonic()
        routes = [self._routes.get(listener_id) for listener_id, wait in self._outbox.ready().items() if wait <= 0]
        return any(route is not None and route.lanes_wanted(now) for route in routes)

    def _release(self) -> None:
        held = self._scheduler.take_all()
        for work in list(self._scheduler.at_work):
            if isinstance(work, Turn):
                held += work.give_up()
        if held:
            self._outbox.release(held)

    @staticmethod
    def _guarded(action: Callable[[], None]) -> None:
        try:
            action()
        except StoreError as error:
            _logger.error("%s", error)
