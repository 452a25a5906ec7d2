"""`Crew`: the threads that make attempts, and do the other things that a notifier does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from pulp_events.dispatcher.attempt import make_attempts, make_attempts_in_loop
from pulp_events.dispatcher.jobs import Job
from pulp_events.dispatcher.pool import LINGER, Pool, PoolThread
from pulp_events.dispatcher.scheduler import Scheduler
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.turn import Turn
from pulp_events.dispatcher.workload import Workload
from pulp_events.errors import StoreError
from pulp_events.outbox.delivery import Delivery
from pulp_events.system.logs import get_logger

FOR_MORE = 0.004
"""Seconds for which a thread that ran out of work waits for more before it stores results."""

_logger = get_logger(__name__)


class Crew:
    """Threads of one pool take work from the scheduler; `call(wake)`: what to do where one more thread may be needed.

    `in_threads`: False while there is no pool, and whoever calls `do` waits for coroutines too.
    """

    def __init__(self, services: Services, scheduler: Scheduler, concurrency: int, call: Callable[[], None]) -> None:
        self._services = services
        self._scheduler = scheduler
        self._recorder = services.recorder
        self._call = call
        self.in_threads = False
        self.pool: Pool = Pool(self._work)
        self.workload: Workload = Workload(concurrency)
        self.stopping: threading.Event = services.stopping

    def _work(self, thread: PoolThread) -> None:
        while True:
            work = self._scheduler.next()
            if work is None:
                if not self._park(thread):
                    guarded(self._recorder.flush)
                    return
                continue
            if isinstance(work, Turn) and work.line.in_loop:
                self.do(work)
                continue
            work.thread = thread
            self.do(work)
            if work.thread is None:  # it was given up, and this thread replaced
                self._returned(work)
                return
            if self._recorder.due:
                guarded(lambda: self._recorder.flush(wait=False))

    def do(self, work: Turn | Job) -> None:
        """Do it here, or have an event loop do it."""
        try:
            if isinstance(work, Job):
                work.run()
            elif work.line.in_loop and self.in_threads:
                self._services.loops.start(work, partial(make_attempts_in_loop, work), partial(self._ended, work))
                return
            else:
                make_attempts(work)
        except StoreError as error:
            _logger.error("deliveries to a listener were interrupted: %s", error)
            self.stopping.wait(1.0)
        except BaseException:
            _logger.exception("deliveries to a listener were interrupted")
            if not self.in_threads:
                self._end(work)
                raise
            self.stopping.wait(1.0)
        self._end(work)

    def _ended(self, turn: Turn) -> None:
        """A task is through with its turn."""
        self._end(turn)
        if turn.abandoned:
            self._returned(turn)
        # In this thread, as handing them over would take longer; two, so that they do not become fewer.
        for _ in range(2):
            if (another := self._scheduler.next_task()) is None:
                break
            self.do(another)
        if self._scheduler.has_work:
            self.more(1)

    def _end(self, work: Turn | Job) -> None:
        try:
            if isinstance(work, Turn):
                with self._scheduler.asking_next():
                    work.finish()
        except Exception:
            _logger.exception("cleaning up after deliveries to a listener failed")
        finally:
            guarded(lambda: self._scheduler.done(work))

    def _park(self, thread: PoolThread) -> bool:
        """Wait for work; False if the thread is to end.

        Results are stored where none comes at once: while it does, they are stored together.
        """
        with self._scheduler.lock:
            if self._scheduler.has_work:
                return True
            if self.stopping.is_set():
                return False
            self.pool.parked.append(thread)
        while not thread.wait(FOR_MORE if self._recorder.has_results else LINGER):
            with self._scheduler.lock:
                if thread not in self.pool.parked:
                    continue  # just woken
                has_results = self._recorder.has_results
                if has_results or len(self.pool.threads) > 1:
                    self.pool.parked.remove(thread)
                    if not has_results:
                        return False
            if has_results:
                guarded(self._recorder.flush)
                return True
        return True

    def _returned(self, work: Turn | Job) -> None:
        """A thread that was given up came back from what it hung in."""
        if isinstance(work, Turn):
            work.route.abandoned -= 1
            self._scheduler.due_now((work.route.listener.id,))
            self._call()

    def more(self, count: int) -> None:
        """Wake parked threads for so many pieces of work; the dispatcher's own thread starts others if need be."""
        with self._scheduler.lock:
            room = max(1, self.workload.wanted - (len(self.pool.threads) - len(self.pool.parked)))
            for _ in range(min(count, room)):
                if not self.pool.unpark():
                    break
            else:
                return
        self._call()

    def wake_all(self) -> None:
        with self._scheduler.lock:
            while self.pool.unpark():
                pass

    def grow(self, stuck: int) -> None:
        """Start or wake threads while work waits for one and the machine has time to spare.

        `stuck`: threads that are at work at one step for long.
        """
        waits = self._scheduler.has_work and self.workload.falls_behind(
            self._scheduler.waiting, len(self._scheduler.at_work), self._scheduler.finished
        )
        threads, parked = len(self.pool.threads), len(self.pool.parked)
        wanted = self.workload.threads_wanted(waits, threads - parked, stuck)
        if not waits and threads:
            return
        with self._scheduler.lock:
            for _ in range(wanted - (threads - parked)):
                if not self.pool.unpark():
                    break
                parked -= 1
        if parked > 0:
            return
        for _ in range(wanted - threads):
            if not self._scheduler.has_work or not self.pool.start_one():
                return

    def let_go(self, turn: Turn) -> list[Delivery]:
        """The dispatcher stops: returns what is under way there, and nobody waits for its thread."""
        left = turn.give_up()
        thread, turn.thread = turn.thread, None
        if thread is not None:
            turn.route.abandoned += 1
            self.pool.gone(thread)
        return left

    def abandon(self, work: Turn | Job, reason: str) -> None:
        """Give up on work that hangs, and put another thread in the place of the one that does."""
        if not work.abandon(reason):
            return
        thread, work.thread = work.thread, None
        if isinstance(work, Turn):
            work.route.abandoned += 1
        self._scheduler.done(work)
        if thread is not None:
            self.pool.gone(thread)
            self.pool.start_one()
        self._recorder.flush(wait=False)


def guarded(action: Callable[[], None]) -> None:
    """Do this; what the store has against it is logged."""
    try:
        action()
    except StoreError as error:
        _logger.error("%s", error)
