"""`Scheduler`: which listener gets a thread next, and what is claimed for it."""

from __future__ import annotations

import itertools
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from pulp_events.dispatcher.agenda import Agenda
from pulp_events.dispatcher.jobs import Job, asking_for_window
from pulp_events.dispatcher.own_deliveries import OwnDeliveries
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.services import Services
from pulp_events.dispatcher.shares import Shares
from pulp_events.dispatcher.speed import LINES, QUICK, SLOW, UNTRIED, Line
from pulp_events.dispatcher.turn import Turn
from pulp_events.errors import StoreError
from pulp_events.outbox.delivery import Delivery
from pulp_events.outbox.records import ClaimRequest, NewEvent, Result
from pulp_events.system.logs import get_logger

MOST_CLAIMED = 500
"""Deliveries that one claim takes, of all listeners together."""
AHEAD = 32
"""Quick listeners whose deliveries may be claimed and wait for a thread."""
MOST_LOOKED_AT = 500
"""Listeners of one line that a claim looks at."""
TASKS = 16
"""Attempts of coroutine functions that may be under way for each attempt in a thread."""
CLOSING = 16
"""One channel may be closed at a time for so many attempts that may be under way."""
MOST_JOBS_LOOKED_AT = 64
"""Jobs of which the next one is chosen."""
FEW = 8
"""Deliveries: a claim that found fewer is not followed by another at once."""
CLAIM_GAP = 0.002
"""Seconds between two such claims."""
TRY_AGAIN = 1.0
"""Seconds after a claim that failed."""

_logger = get_logger(__name__)


_TASKS = [line for line in LINES if line.in_loop]
_USUALLY = sorted(LINES, key=lambda line: line.speed)
_NOW_AND_THEN = sorted(LINES, key=lambda line: (line.speed is QUICK, line.speed))


class Scheduler:
    """Listeners stand on the agenda (something may be due), then among the runnable (something is claimed).

    Threads call `next`, do what they get, and call `done`. One thread at a time claims, for as many listeners as
    threads may serve soon; no other waits for it. Nothing that a notifier does is called here.
    """

    def __init__(self, services: Services, lease: float, concurrency: int, wake: Callable[[int], None]) -> None:
        self._services = services
        self._outbox = services.outbox
        self._routes = services.routes
        self._clock = services.clock
        self._lease = lease
        self._wake = wake
        self._shares = {False: Shares(concurrency), True: Shares(concurrency * TASKS)}
        self.lock = threading.RLock()
        self._agenda: Agenda[Line] = Agenda(LINES, self._line_of)
        self._runnable: dict[Line, deque[Route]] = {line: deque() for line in LINES}
        self._queued: set[Route] = set()
        self._jobs: deque[Job] = deque()
        self._closing: set[str] = set()
        """Listeners a channel of which is being closed."""
        self._most_closing = max(2, concurrency // CLOSING)
        self._claiming = False
        self._claimed_at, self._claimed_few = 0.0, False
        self.gathers = True
        """False where the caller waits for each delivery."""
        self.own: OwnDeliveries | None = None
        """If there is one, nothing else is claimed."""
        # Containers on one volume may all be process 1: the number is for people, the rest tells dispatchers apart.
        self._token = f"{os.getpid()}.{secrets.token_hex(8)}"
        self._claims = itertools.count()
        self._picks = itertools.count()
        self.at_work: set[Turn | Job] = set()
        self.finished = 0
        """Turns that have ended."""

    # What may be due

    def due_now(self, listener_ids: Iterable[str]) -> bool:
        """These may have something to claim; False if turns that look for more are at work for all of them."""
        with self.lock:
            self._agenda.now(listener_ids)
            return not all(map(self._is_served, listener_ids))

    def due_later(self, listener_id: str, wait: float) -> None:
        """It may have something to claim in `wait` seconds."""
        with self.lock:
            self._agenda.later(listener_id, self._clock.monotonic() + wait)

    def emitted(self, events: Iterable[NewEvent]) -> None:
        """These were stored by this process."""
        with self.lock:
            if self.own is not None:
                self.own.add(events)

    def look_for_own(self) -> None:
        """What kept this process's own deliveries from being made may be over."""
        with self.lock:
            if self.own is not None:
                self._agenda.now(self.own.listeners)

    def recorded(self, results: Sequence[Result]) -> None:
        """These results are stored: retries come due, and what waited for an order or a window may follow."""
        with self.lock:
            for result in results:
                listener_id = result.delivery.listener_id
                if result.retry_in is not None:
                    self.due_later(listener_id, result.retry_in)
                route = self._routes.known(listener_id)
                in_order = route is not None and (route.ordered or route.window is not None)
                if self.own is not None:
                    if result.retry_in is None:
                        self.own.done(listener_id, (result.delivery.id,))
                    elif not in_order:
                        self.own.later(listener_id, result.delivery.id)
                if in_order or (self.own is not None and self.own.of(listener_id)):
                    self._agenda.now((listener_id,))

    @property
    def soonest(self) -> float:
        """Monotonic time at which somebody comes due who is not due yet; infinity if nobody does."""
        with self.lock:
            self._agenda.advance(self._clock.monotonic())
            return self._agenda.soonest

    @property
    def has_work(self) -> bool:
        """True if a thread would find something to do."""
        with self.lock:
            return any(map(self._may_begin, itertools.islice(self._jobs, MOST_JOBS_LOOKED_AT))) or (
                self._is_open and (self._pick(LINES) is not None or self._may_claim())
            )

    @property
    def is_busy(self) -> bool:
        """True if anything is under way, claimed or being claimed."""
        with self.lock:
            return bool(self._queued) or self.is_working

    @property
    def is_working(self) -> bool:
        """True if anything is under way or being claimed."""
        with self.lock:
            return self._claiming or any(isinstance(work, Turn) for work in self.at_work)

    @property
    def waiting(self) -> int:
        """Listeners that wait for a thread, as far as their shares have room, and jobs."""
        with self.lock:
            return (
                len(self._jobs)
                + len(self._queued)
                + sum(self._agenda.count(line) for line in LINES if self._room_to_claim(line) > 0)
            )

    @property
    def jobs(self) -> int:
        """Jobs that no thread has taken yet."""
        return len(self._jobs)

    # What a thread does next

    def next(self) -> Turn | Job | None:
        """Work for the calling thread; None if there is none now."""
        while True:
            with self.lock:
                if (job := self._take_job()) is not None:
                    return job
                if not self._is_open:
                    return None
                # Quick ones first, yet every fourth time the others.
                if (line := self._pick(_USUALLY if next(self._picks) % 4 else _NOW_AND_THEN)) is not None:
                    return self._begin(line)
                if not self._may_claim():
                    return None
                self._claiming = True
            self._claim()

    def next_task(self) -> Turn | None:
        """A turn for an event loop, if one is claimed for: its thread takes no part in claims and other work."""
        with self.lock:
            line = self._pick(_TASKS) if self._is_open else None
            return None if line is None else self._begin(line)

    def job(self, job: Job) -> None:
        """Have a thread do this."""
        with self.lock:
            self._jobs.append(job)
            self._count_closing(job, 1)
        self._wake(1)

    def _count_closing(self, job: Job, by: int) -> None:
        route = None if job.closes_for is None else self._routes.known(job.closes_for)
        if route is not None:
            route.closing = max(0, route.closing + by)
            if by < 0:
                self._agenda.now((route.listener.id,))

    def _take_job(self) -> Job | None:
        """The first job that may begin: few channels are closed at once, one of each listener, as closing may hang."""
        for job in itertools.islice(self._jobs, MOST_JOBS_LOOKED_AT):
            if self._may_begin(job):
                self._jobs.remove(job)
                self.at_work.add(job)
                if job.closes_for is not None:
                    self._closing.add(job.closes_for)
                return job
        return None

    def _may_begin(self, job: Job) -> bool:
        if job.closes_for is None:
            return True
        return job.closes_for not in self._closing and (
            len(self._closing) < self._most_closing or self._services.stopping.is_set()
        )

    def done(self, work: Turn | Job) -> None:
        """The thread is through with it, or it was abandoned: whatever comes first counts."""
        if isinstance(work, Job):
            with self.lock:
                if work in self.at_work and work.closes_for is not None:
                    self._closing.discard(work.closes_for)
                    self._count_closing(work, -1)
                self.at_work.discard(work)
            return
        route = work.route
        current = not route.waiting or self._routes.get(route.listener.id) is route
        with self.lock:
            if work not in self.at_work:
                return
            self.at_work.discard(work)
            self.finished += 1
            self._shares[work.line.in_loop].end(work.line.speed)
            route.turns.discard(work)
            released = self._settle(route, current)
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
                self._agenda.now((route.listener.id,))
            if not self._may_claim():
                return
            self._claiming = True
        self._claim()

    def slow_down(self, turn: Turn) -> None:
        """What is under way there takes long: it is counted as slow from now on."""
        with self.lock:
            line = turn.line
            if turn in self.at_work and line.speed is not SLOW:
                self._shares[line.in_loop].end(line.speed)
                self._shares[line.in_loop].begin(SLOW)
                turn.line = Line(line.in_loop, SLOW)
                turn.route.speed = SLOW

    def widen(self, route: Route) -> None:
        """Let another turn take what waits behind one that takes long."""
        with self.lock:
            if len(route.turns) >= route.pace.lanes < route.most_lanes and not route.pace.is_limited:
                route.pace.lanes += 1
            self._queue(route)

    def take_all(self) -> list[Delivery]:
        """What is claimed and not begun, to be released."""
        with self.lock:
            taken: list[Delivery] = []
            for route in self._routes.all():
                taken += route.waiting
                route.waiting.clear()
            self._queued.clear()
            for runnable in self._runnable.values():
                runnable.clear()
            return taken

    # Picking

    @property
    def _is_open(self) -> bool:
        """False while nothing more is to be sent."""
        return not (self._services.stopping.is_set() or self._services.recorder.blocked)

    def _pick(self, order: Sequence[Line]) -> Line | None:
        """The first of these lines in which somebody stands and whose share has room."""
        for line in order:
            if self._runnable[line] and self._shares[line.in_loop].room(line.speed):
                return line
        return None

    def _begin(self, line: Line) -> Turn:
        route = self._runnable[line].popleft()
        self._queued.discard(route)
        turn = Turn(route, self._services)
        turn.line = line
        turn.crowded = self._is_crowded
        self._shares[line.in_loop].begin(line.speed)
        route.turns.add(turn)
        self.at_work.add(turn)
        if len(route.waiting) > 1:
            self._queue(route)  # for another lane, if it is worth one
        return turn

    def _is_served(self, listener_id: str) -> bool:
        if self._claiming:
            return True  # whoever claims looks again
        route = self._routes.known(listener_id)
        return route is not None and len(route.turns) >= max(1, route.lanes_wanted(self._clock.monotonic()))

    def _is_crowded(self) -> bool:
        return bool(self._queued)

    def _queue(self, route: Route) -> None:
        if route not in self._queued and route.wants_turn(self._clock.monotonic()):
            self._queued.add(route)
            self._runnable[Line(route.traits.is_async, route.speed)].append(route)

    def _settle(self, route: Route, current: bool) -> list[Delivery]:
        """After a turn: queue the route again, ask for more, or give back what cannot be sent now."""
        released: list[Delivery] = []
        now = self._clock.monotonic()
        wait = route.wait(now)
        # In an order, what follows waits for what became of the last one.
        held_up = wait > 0 or not current or (route.ordered and not route.turns) or self._services.stopping.is_set()
        if held_up:
            released = list(route.waiting)
            route.waiting.clear()
        self._queue(route)
        if wait > 0:
            self._agenda.later(route.listener.id, now + wait)
        elif not route.exhausted and route.claim_limit():
            self._agenda.now((route.listener.id,))
        return released

    def _line_of(self, listener_id: str) -> Line:
        route = self._routes.known(listener_id)
        if route is None:
            return Line(self._routes.in_loop(listener_id), UNTRIED)
        return Line(route.traits.is_async, route.speed)

    # Claiming

    def _may_claim(self) -> bool:
        if self._claiming:
            return False
        self._agenda.advance(self._clock.monotonic())
        return any(self._agenda.waits_in(line) and self._room_to_claim(line) > 0 for line in LINES)

    def _room_to_claim(self, line: Line) -> int:
        """Listeners of this line that may be claimed for: as many as may be served soon."""
        if line.speed is QUICK and not line.in_loop:
            return AHEAD - len(self._queued)
        return self._shares[line.in_loop].room(line.speed) - len(self._runnable[line])

    def _claim(self) -> None:
        """Claim for the listeners that are due; the caller has set `_claiming`."""
        due: list[str] = []
        asked: dict[str, Route] = {}
        self._let_some_gather()
        try:
            due += self._take_due()
            requests = self._requests(due, asked)
            if requests:
                claim = self._outbox.claim(requests, self._lease, f"{self._token}.{next(self._claims)}")
                self._claimed_at, self._claimed_few = time.monotonic(), 0 < len(claim.deliveries) < FEW
                if not self._hand_out(asked, claim.deliveries, claim.waits):
                    self._outbox.release(claim.deliveries)
                self._forget_done(requests, claim.waits)
        except BaseException as error:
            for listener_id in due:
                self.due_later(listener_id, TRY_AGAIN)
            if isinstance(error, StoreError):
                _logger.error("nothing could be claimed, trying again in %.0f s: %s", TRY_AGAIN, error)
            elif isinstance(error, Exception):
                _logger.exception("nothing could be claimed, trying again in %.0f s", TRY_AGAIN)
            else:
                raise
        finally:
            with self.lock:
                self._claiming = False

    def _let_some_gather(self) -> None:
        """Where claims find little and follow each other at once, a moment's wait spares most of them."""
        left = CLAIM_GAP - (time.monotonic() - self._claimed_at)
        if self._claimed_few and 0 < left <= CLAIM_GAP and self.gathers:
            time.sleep(left)

    def _take_due(self) -> list[str]:
        """The listeners whose turn it is, as many of each line as there is room for."""
        with self.lock:
            return [
                listener_id
                for line in LINES
                for listener_id in self._agenda.take(line, min(max(0, self._room_to_claim(line)), MOST_LOOKED_AT))
            ]

    def _requests(self, due: Iterable[str], asked: dict[str, Route]) -> list[ClaimRequest]:
        """What to ask for of these; `asked` gets the routes that it is asked for."""
        requests: list[ClaimRequest] = []
        left = MOST_CLAIMED
        for listener_id in due:
            route = self._routes.get(listener_id)
            if route is None:
                if muted := self._routes.muted_for(listener_id):
                    self.due_later(listener_id, muted)
                continue
            own = None if self.own is None else self._own_of(self.own, listener_id)
            if own == ():
                continue
            now = self._clock.monotonic()
            if (wait := route.wait(now)) > 0:
                self.due_later(listener_id, wait)
            elif not route.window_known:
                self._ask_for_window(route)
            elif left <= 0:
                self.due_now((listener_id,))
            elif route.lanes_wanted(now) and (limit := route.claim_limit()):
                left -= limit
                asked[listener_id] = route
                requests.append(ClaimRequest(listener_id, limit, route.ordered, route.window, own))
            else:
                route.exhausted = False  # so that it is asked for once there is room
        return requests

    def _hand_out(
        self, asked: Mapping[str, Route], deliveries: Sequence[Delivery], waits: Mapping[str, float | None]
    ) -> bool:
        """Give the routes what was claimed; False if the dispatcher was stopped meanwhile."""
        with self.lock:
            if self._services.stopping.is_set():
                return False
            found: dict[str, int] = {}
            for delivery in deliveries:
                asked[delivery.listener_id].waiting.append(delivery)
                found[delivery.listener_id] = found.get(delivery.listener_id, 0) + 1
            for listener_id, route in asked.items():
                count = found.get(listener_id, 0)
                route.exhausted = listener_id in waits
                if count:
                    route.last_claimed = count
                    self._queue(route)
                if not route.exhausted:
                    if route.claim_limit():
                        self._agenda.now((listener_id,))
                elif (wait := waits[listener_id]) is not None and not (count and wait > self._lease - 1):
                    # Not where it is our own leases that end then: what becomes of these is seen here.
                    self.due_later(listener_id, max(wait, 0.002))
        if len(found) > 1:
            self._wake(len(found) - 1)
        return True

    def _own_of(self, own: OwnDeliveries, listener_id: str) -> Sequence[str]:
        with self.lock:
            return own.of(listener_id)

    def _forget_done(self, requests: Iterable[ClaimRequest], waits: Mapping[str, float | None]) -> None:
        """Of what was asked for by name, forget what is not pending any more: others may have made it."""
        for request in requests:
            listener_id = request.listener_id
            if self.own is not None and request.ids is not None and waits.get(listener_id, 0.0) is None:
                with self.lock:
                    self.own.done(listener_id, request.ids)
                    if self.own.of(listener_id):
                        self._agenda.now((listener_id,))

    def _ask_for_window(self, route: Route) -> None:
        if not route.asking:
            route.asking = True
            self.job(asking_for_window(route, self._clock, lambda: self._window_known(route)))

    def _window_known(self, route: Route) -> None:
        self.due_now((route.listener.id,))
        self._wake(1)
