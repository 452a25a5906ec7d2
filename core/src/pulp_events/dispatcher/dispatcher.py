"""`Dispatcher`: gives each listener that has something due a lane, and looks after the lanes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from pulp_events.clock import Clock
from pulp_events.dispatcher.lane import Lane
from pulp_events.dispatcher.recorder import AttemptRecorder
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.routes import Routes
from pulp_events.errors import StoreError
from pulp_events.logs import get_logger
from pulp_events.outbox.store import Outbox
from pulp_events.settings.settings import Settings

POLL = 0.04
"""Seconds between looks at whether another process stored something."""
SUPERVISE = 0.5
"""Seconds between looks at lanes that hang, leases that end, and records of listeners that changed."""
LINGER = 0.5
"""Seconds that a lane which found nothing stays for more."""
MAINTAIN = 60.0
"""Seconds between cleanings."""
BUSY_LANES = 32
"""Lanes at work at once, those that wait long for an endpoint not counted: more would only compete for the CPU."""
MOST_LANES = 1000
"""Lanes in all, waiting ones included."""
LONG_SEND = 0.5
"""Seconds after which a send counts as waiting for its endpoint."""
GRACE = 2.0
"""Seconds beyond a notifier's own time limit after which its thread is abandoned."""

_logger = get_logger(__name__)


class Dispatcher:
    """Delivers what is due, in threads of its own (`start`, `stop`) or in the caller's (`run_due`)."""

    def __init__(
        self,
        outbox: Outbox,
        routes: Routes,
        recorder: AttemptRecorder,
        settings: Settings,
        clock: Clock,
        stopping: threading.Event,
    ) -> None:
        self._outbox = outbox
        self._routes = routes
        self._recorder = recorder
        self._delivery = settings.section("delivery")
        self._lease = float(self._delivery["lease"])
        self._clock = clock
        self.stopping = stopping
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._crowded = False
        """Set while listeners wait for a lane: lanes then end after each batch, so that all get their turn."""
        self._next_look = 0.0

    def start(self) -> None:
        """Begin to deliver in background threads."""
        self._recorder.watch.start()
        self._thread = threading.Thread(target=self._loop, name="pulp-events-dispatcher", daemon=True)
        self._thread.start()

    def drain(self, timeout: float) -> bool:
        """Wait until nothing is due and nothing under way here, at most `timeout` seconds; False if something still
        is."""
        deadline = time.monotonic() + timeout
        while self._thread is not None and time.monotonic() < deadline and self._has_work():
            self.wait_for_record(min(POLL, max(0.0, deadline - time.monotonic())))
        return self._thread is None or not self._has_work()

    def _has_work(self) -> bool:
        if any(route.claimed() for route in self._routes.all()):
            return True
        now = self._clock.monotonic()
        routes = [self._routes.get(listener_id) for listener_id, wait in self._outbox.ready().items() if wait <= 0]
        return any(route is not None and route.lanes_wanted(now) for route in routes)

    def stop(self, grace: float = 5.0) -> None:
        """Finish the deliveries under way, give back the others, close the channels; at most `grace` seconds."""
        self.stopping.set()
        self._wake.set()
        deadline = self._clock.monotonic() + grace
        for route in self._routes.all():
            route.dismiss()
        threads = [lane.thread for route in self._routes.all() for lane in list(route.lanes)]
        for thread in (self._thread, *threads):
            if thread is not None and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - self._clock.monotonic()))
        for route in self._routes.all():
            for lane in list(route.lanes):
                _guard(lane.release_all)
            _guard(route.claims.release)
            route.channels.close_idle(older_than=0.0)
        self._recorder.watch.stop(max(0.1, deadline - self._clock.monotonic()))

    def wake(self, listener_ids: Iterable[str]) -> None:
        """These listeners have something new: signal their lanes, or have lanes made."""
        if self._thread is None:
            return
        missing = False
        for listener_id in listener_ids:
            route = self._routes.known(listener_id)
            if route is None or not route.signal():
                missing = True
        if missing:
            self._wake.set()

    def wait_for_record(self, timeout: float) -> None:
        """Wait until results were stored here, at most `timeout` seconds."""
        with self._recorder.recorded:
            self._recorder.recorded.wait(timeout)

    def run_due(self) -> int:
        """Make every attempt that is due now, in the calling thread; returns how many deliveries were attempted."""
        attempted = 0
        while True:
            found = 0
            for listener_id, wait in self._outbox.ready().items():
                route = self._routes.get(listener_id) if wait <= 0 else None
                if route is None or not route.lanes_wanted(self._clock.monotonic()):
                    continue
                lane = self._lane(route)
                try:
                    while self._may_go_on(route) and (count := lane.run_batch()):
                        found += count
                finally:
                    _guard(lane.release_all)
                    _guard(route.claims.release)
                    lane.close()
            attempted += found
            if not found:
                return attempted

    def _may_go_on(self, route: Route) -> bool:
        """Asked before each batch: the listener may have been disabled, deleted or changed, its endpoint gone down."""
        return self._routes.get(route.listener.id) is route and route.lanes_wanted(self._clock.monotonic()) > 0

    def _loop(self) -> None:
        supervised = maintained = self._clock.monotonic()
        while not self.stopping.is_set():
            if woken := self._wake.wait(POLL):
                self._wake.clear()  # not otherwise: it may just have been set
            try:
                now = self._clock.monotonic()
                supervise = now - supervised >= SUPERVISE
                changed = self._outbox.changed() or (supervise and self._routes.changed())
                if changed or woken or now >= self._next_look:
                    self._look(now)
                if supervise:
                    supervised = now
                    self._supervise(now)
                if now - maintained >= MAINTAIN:
                    maintained = now
                    self._maintain()
            except StoreError as error:
                _logger.error("the dispatcher goes on in a second: %s", error)
                self._look_again_later()
            except Exception:
                _logger.exception("the dispatcher goes on in a second")
                self._look_again_later()

    def _look_again_later(self) -> None:
        self._next_look = 0.0  # what called for the look that failed calls no second time
        self.stopping.wait(1.0)

    def _look(self, now: float) -> None:
        """Give lanes to listeners with something due, those first that have waited longest."""
        began = self._clock.monotonic()
        ready = self._outbox.ready()
        soonest = 60.0
        waiting = []
        for listener_id, wait in ready.items():
            route = self._routes.get(listener_id)
            if route is None:
                soonest = min(soonest, self._routes.muted_for(listener_id) or soonest)
                continue
            wait = max(wait, route.circuit.wait(now), route.not_before - now)
            if wait > 0:
                soonest = min(soonest, wait)
            elif len(route.lanes) < route.lanes_wanted(now):
                waiting.append(route)
            else:
                route.signal()
                soonest = min(soonest, LINGER)  # its lane may just be ending
        waiting.sort(key=lambda route: route.served)
        left = self._room(now)
        for route in waiting[:left]:
            self._open_lane(route, now)
        self._crowded = len(waiting) > left
        # Looking takes time where very many listeners have something pending: it may take a tenth of ours.
        spent = self._clock.monotonic() - began
        self._next_look = now + max(min(soonest, POLL if self._crowded else soonest), 10 * spent)

    def _room(self, now: float) -> int:
        lanes = [lane for route in self._routes.all() for lane in list(route.lanes)]
        busy = sum(1 for lane in lanes if lane.busy and not (lane.since and now - lane.since > LONG_SEND))
        abandoned = sum(len(route.abandoned) for route in self._routes.all())
        return max(0, min(BUSY_LANES - busy, MOST_LANES - len(lanes) - abandoned))

    def _lane(self, route: Route) -> Lane:
        return Lane(route, self._outbox, self._recorder, self._clock, self.stopping.is_set)

    def _open_lane(self, route: Route, now: float) -> None:
        lane = self._lane(route)
        route.served = now
        route.lanes.add(lane)
        lane.thread = threading.Thread(
            target=self._work, args=(lane,), name=f"pulp-events-lane-{route.listener.id}", daemon=True
        )
        lane.thread.start()

    def _work(self, lane: Lane) -> None:
        route = lane.route
        try:
            while not self.stopping.is_set() and not lane.abandoned:
                lane.busy = True
                claimed = lane.run_batch()
                lane.busy = False
                if claimed:
                    crowded = self._crowded or len(route.lanes) > route.lanes_wanted(self._clock.monotonic())
                    if crowded or not self._may_go_on(route):
                        break
                elif not self._may_go_on(route) or not route.wait_for_work(LINGER):
                    break
        except StoreError as error:
            _logger.error("a lane ends: %s", error)
            self.stopping.wait(1.0)
        except Exception:
            _logger.exception("a lane ends")
            self.stopping.wait(1.0)
        finally:
            route.lanes.discard(lane)
            route.abandoned.discard(lane)
            if not lane.abandoned:
                _guard(lane.release_all)
            if not route.lanes:
                _guard(route.claims.release)
            lane.close()
            self._wake.set()

    def _supervise(self, now: float) -> None:
        for route in self._routes.all():
            for lane in list(route.lanes):
                limit = lane.limit + GRACE
                if lane.since and now - lane.since > limit:
                    route.lanes.discard(lane)
                    route.abandoned.add(lane)
                    lane.abandon(f"no answer within {limit:.0f} s; the attempt was abandoned")
                    if not route.lanes:
                        route.claims.release()
                    self._wake.set()
                elif lane.since and now - lane.since > LONG_SEND:
                    lane.store()
            if now - route.extended > self._lease / 3 and (claimed := route.claimed()):
                route.extended = now
                self._outbox.extend(claimed, self._lease)
            route.channels.close_idle()

    def _maintain(self) -> None:
        more = True
        while more and not self.stopping.is_set():
            more = self._outbox.maintain(self._delivery["keep_delivered"], self._delivery["keep_dead"])
            self.stopping.wait(0.02)


def _guard(action: Callable[[], None]) -> None:
    try:
        action()
    except StoreError as error:
        _logger.error("%s", error)
