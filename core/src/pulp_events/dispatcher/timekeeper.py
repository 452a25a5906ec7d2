"""`Timekeeper`: the own thread of the dispatcher. It looks, starts threads, gives up on what hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from pulp_events.dispatcher.crew import Crew
from pulp_events.dispatcher.jobs import Job
from pulp_events.dispatcher.rest import POLL, Rest
from pulp_events.dispatcher.scheduler import Scheduler
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.turn import BUSY_LOOP, Turn
from pulp_events.errors import EventsError, StoreCorrupt, StoreError, StoreTooNew
from pulp_events.outbox.states import FINISHED
from pulp_events.system.logs import get_logger

BUSY_POLL = 0.01
"""Seconds between looks at whether more threads are needed, while work waits for one."""
SUPERVISE = 0.5
"""Seconds between looks at what hangs, leases that end, and records of listeners that changed."""
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
COMPLAINT = 60.0
"""Seconds between log lines about the same failure."""
LONGEST_LOOK = 60.0
"""Seconds after which the dispatcher looks without a reason."""
GRACE = 2.0
"""Seconds beyond a notifier's own time limit after which its thread is abandoned."""

_logger = get_logger(__name__)


class Timekeeper:
    """`backlog`: set to False, it looks only after deliveries of this process's own events."""

    def __init__(
        self, services: Services, scheduler: Scheduler, crew: Crew, delivery: Mapping[str, Any], keep_events: float
    ) -> None:
        self._services = services
        self._outbox = services.outbox
        self._recorder = services.recorder
        self._routes = services.routes
        self._clock = services.clock
        self._scheduler = scheduler
        self._crew = crew
        self._rest = Rest(services.outbox)
        self._delivery = delivery
        self._keep_events = keep_events
        self._lease = float(delivery["lease"])
        self._stopping = services.stopping
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.backlog = True
        self.failure: StoreError | None = None
        """Why nothing can be delivered any more: an outbox that is damaged, or too new. It is tried all the same."""
        self.turned: float = self._clock.monotonic()
        """When its thread last began a round, in monotonic seconds: several times a second, unless it hangs."""
        self._complained = ("", 0.0)
        self._next_look = 0.0
        self._wanted = False
        """Somebody asked for a look, maybe during one that had read already what was then changed."""
        self._supervised = self._maintained = self._extended = self._next_watch = self._forgot = 0.0
        self._cleaning = False
        """There was more to clean than one step takes."""
        self._stuck = 0
        """Threads that are at work at one step for long."""

    def start(self) -> None:
        """Begin. Raises EventsError where the system permits no thread."""
        thread = threading.Thread(target=self._loop, name="pulp-events-dispatcher", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise EventsError(
                f"the thread that makes deliveries cannot be started ({error}); raise the thread limit of this "
                "process, or open the bus with deliver='external' and run a worker"
            ) from error
        self._thread = thread

    def join(self, timeout: float) -> None:
        """Wait for its end, once the dispatcher is stopping."""
        self.wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def wake(self) -> None:
        """There may be something to do now."""
        self._wake.set()

    def look_soon(self) -> None:
        """This process changed what is pending: deliveries were retried, say."""
        self._wanted = True
        self._wake.set()

    def _loop(self) -> None:
        self._supervised = self._maintained = self.turned = self._clock.monotonic()
        self._crew.pool.start_one()
        self._rest.begin(self.wake)
        while not self._stopping.is_set():
            if self._wake.wait(self._pause()):
                self._wake.clear()  # not otherwise: it may just have been set
            self.turned = self._clock.monotonic()
            try:
                self._round(self.turned)
                self.failure = None
            except StoreError as error:
                if isinstance(error, StoreCorrupt | StoreTooNew):
                    self.failure = error
                self._complain(str(error))
                self._look_again()
            except Exception:
                _logger.exception("the dispatcher retries in 1 s")
                self._look_again()
        self._rest.end()

    def _round(self, now: float) -> None:
        supervise = now - self._supervised >= SUPERVISE
        if changed := self._outbox.changed():
            self._rest.found()
        if changed or (supervise and self._routes.changed()) or self._wanted or now >= self._next_look:
            self._wanted = False
            self.look()
        if not supervise and not self._cleaning and self._scheduler.is_resting and not self._recorder.has_results:
            return  # most rounds of an idle process
        self._crew.grow(self._stuck)
        self._watch(now)
        if supervise:
            self._supervised = now
            self._supervise(now)
        if self._cleaning or now - self._maintained >= MAINTAIN:
            self._maintained = now
            keep = {state: self._delivery[state.keep_setting] for state in FINISHED}
            self._cleaning = self._outbox.maintain(keep, self._keep_events)

    def _look_again(self) -> None:
        self._next_look = 0.0  # what called for the look that failed calls no second time
        self._stopping.wait(1.0)

    def _complain(self, text: str) -> None:
        """Log what goes wrong, the same thing once a minute."""
        before, at = self._complained
        now = self._clock.monotonic()
        if text != before or now - at >= COMPLAINT:
            self._complained = (text, now)
            _logger.error("the dispatcher retries in 1 s: %s", text)

    def _pause(self) -> float:
        if self._scheduler.has_work or self._cleaning:
            return BUSY_POLL
        until = self._scheduler.soonest
        longest = POLL
        if self._scheduler.is_resting and not self._recorder.has_results:
            longest, until = self._rest.longest, min(until, self._next_look, self._supervised + SUPERVISE)
        return max(0.001, min(longest, until - self._clock.monotonic()))

    def look(self) -> None:
        """Ask the outbox who has something pending, and whose hold was lifted."""
        self._recorder.holds.heed(self._routes.all())
        if not self.backlog:
            self._scheduler.look_for_own()
            self._next_look = self._clock.monotonic() + LONGEST_LOOK
            return
        began, spent = self._clock.monotonic(), time.monotonic()
        soonest = LONGEST_LOOK
        ready = self._outbox.ready()
        if self._services.renewal.all_of(ready):
            ready = self._outbox.ready()
        self._scheduler.due_now([listener_id for listener_id, wait in ready.items() if wait <= 0])
        for listener_id, wait in ready.items():
            if wait > 0:
                soonest = min(soonest, wait)
                self._scheduler.due_later(listener_id, wait)
        # Looking takes time where very many listeners have something pending: it may take a tenth of ours.
        self._next_look = began + max(min(soonest, LONGEST_LOOK), 10 * (time.monotonic() - spent))

    def _watch(self, now: float) -> None:
        """See to what takes long: what hangs is given up, what waits behind it may go another way, and results are
        stored meanwhile."""
        if self._recorder.due:
            self._recorder.flush(wait=False)
        if now < self._next_watch:
            return
        stuck, spent = 0, time.monotonic()
        for work in list(self._scheduler.at_work):
            since = work.since
            if since and now - since > work.limit + _grace(work):
                self._crew.abandon(work, f"no answer within {work.limit:g} s; the attempt was abandoned")
            if not since or now - since < SLOW_STEP:
                continue
            stuck += work.thread is not None and now - since > LONG_STEP
            if isinstance(work, Turn):
                # A loop that is busy would only be busier.
                if work.route.waiting and not work.route.ordered and work.delay() < BUSY_LOOP:
                    self._scheduler.widen(work.route)
                if now - since > LONG_STEP:
                    self._scheduler.slow_down(work)
        self._stuck = stuck
        self._next_watch = now + max(WATCH, 20 * (time.monotonic() - spent))

    def count_slow(self) -> None:
        """Count those as slow whose step takes long, and as silent if they never answered."""
        now = self._clock.monotonic()
        for work in list(self._scheduler.at_work):
            if isinstance(work, Turn) and work.since and now - work.since > LONG_STEP:
                self._scheduler.slow_down(work)

    def _supervise(self, now: float) -> None:
        """Keep the leases of what is held; close what is not used."""
        if now - self._extended > self._lease / 3:
            self._extended = now
            if stranded := self._scheduler.give_back_stranded():
                _logger.warning("%d deliveries were claimed and not attempted; they are claimed again", stranded)
            held = [one for route in self._routes.all() for one in route.held()] + self._recorder.waiting
            if held:
                self._outbox.extend(held, self._lease)
        heartbeat = self._services.heartbeat
        if heartbeat is not None and self.backlog and heartbeat.is_due(now):
            heartbeat.beat(delivers=True, in_flight=self._scheduler.in_flight)
        if self.backlog:
            self._services.look_out(False)
        self._recorder.sum_up()
        self._services.loops.replace_blocked()
        self._services.channels.close_idle()
        if now - self._forgot > FORGET:
            self._forgot = now
            self._routes.forget_unused()


def _grace(work: Turn | Job) -> float:
    """Who keeps the limit, as most clients and event loops do, gets a while to say so."""
    return 0.0 if isinstance(work, Turn) and work.is_limit_kept_here else GRACE
