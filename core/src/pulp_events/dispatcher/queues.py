"""`Queues`: where listeners stand. First on the agenda (something may be due), then among the runnable (it is claimed).

One lock guards them and what the scheduler counts. Nobody claims, sends or records while holding it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence

from pulp_events.dispatcher.agenda import Agenda
from pulp_events.dispatcher.lines import LINES, QUICK, SILENT, SLOW, UNTRIED, Line, Speed
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.routes import Routes
from pulp_events.dispatcher.shares import Shares
from pulp_events.dispatcher.turn import Turn
from pulp_events.outbox.delivery import Delivery
from pulp_events.system.clock import Clock

AHEAD = 32
"""Quick listeners whose deliveries may be claimed and wait for a thread."""
TASKS = 16
"""Attempts of coroutine functions that may be under way for each attempt in a thread."""


class Queues:
    """`concurrency`: attempts that may be under way at once in threads."""

    def __init__(self, routes: Routes, clock: Clock, concurrency: int) -> None:
        self._routes = routes
        self._clock = clock
        self.lock: threading.RLock = threading.RLock()
        self.agenda: Agenda[Line] = Agenda(LINES, self._line_of)
        self.queued: dict[Route, Line] = {}
        """Those that are runnable, and in which line: something is claimed for them, and waits for a turn."""
        self._runnable: dict[Line, deque[Route]] = {line: deque() for line in LINES}
        self._shares = {False: Shares(concurrency), True: Shares(concurrency * TASKS)}

    def _line_of(self, listener_id: str) -> Line:
        route = self._routes.known(listener_id)
        if route is None:
            return Line(self._routes.in_loop(listener_id), UNTRIED)
        return Line(route.is_async, route.speed)

    # What may be due

    def due_now(self, listener_ids: Iterable[str]) -> None:
        """These may have something to claim."""
        with self.lock:
            self.agenda.now(listener_ids)

    def due_later(self, listener_id: str, wait: float) -> None:
        """It may have something to claim in `wait` seconds."""
        with self.lock:
            self.agenda.later(listener_id, self._clock.monotonic() + wait)

    def take_due(self, most: int) -> list[str]:
        """The listeners that are to be claimed for, as many of each line as there is room for, at most `most` each."""
        taken: list[str] = []
        with self.lock:
            before = self._counts_of_runnable()
            for line in LINES:
                of_line = self.agenda.take(line, min(self._room_to_claim(line, before[line.in_loop]), most))
                before[line.in_loop][line.speed] += len(of_line)
                taken += of_line
        return taken

    @property
    def has_due(self) -> bool:
        """True if a claim would ask for somebody."""
        self.agenda.advance(self._clock.monotonic())
        return not self.agenda.is_empty and self._due_with_room() > 0

    @property
    def waiting(self) -> int:
        """Listeners that wait for a thread, as far as their shares have room."""
        return len(self.queued) + self._due_with_room()

    def _due_with_room(self) -> int:
        before = self._counts_of_runnable()
        return sum(
            self.agenda.count(line)
            for line in LINES
            if self.agenda.waits_in(line) and self._room_to_claim(line, before[line.in_loop])
        )

    def _room_to_claim(self, line: Line, before: Sequence[int]) -> int:
        """Listeners of this line that may be claimed for: as many as may be served soon.

        `before`: how many of each speed are to be served first. What they are allowed together is for all of them, or
        some would be claimed and wait for as long as those that hang do; yet quick ones wait for nobody but each other.
        """
        if line.speed is not QUICK:
            return self._shares[line.in_loop].room(line.speed, before)
        if line.in_loop:
            return max(0, self._shares[True].room(QUICK) - before[QUICK])
        return max(0, AHEAD - before[QUICK])

    def _counts_of_runnable(self) -> dict[bool, list[int]]:
        return {in_loop: [len(self._runnable[Line(in_loop, speed)]) for speed in Speed] for in_loop in (False, True)}

    # What is claimed, and waits for a turn

    def queue(self, route: Route) -> None:
        """It is runnable, if anything waits there that one more turn may take."""
        if route not in self.queued and route.wants_turn(self._clock.monotonic()):
            line = self.queued[route] = Line(route.is_async, route.speed)
            self._runnable[line].append(route)

    def hold_back(self, route: Route) -> list[Delivery]:
        """What waits there though nothing may be sent now, or the route was forgotten; to be released, as no turn would
        take it while its leases are renewed."""
        if route.lanes_wanted(self._clock.monotonic()) and self._routes.known(route.listener.id) is route:
            return []
        held = list(route.waiting)
        route.waiting.clear()
        return held

    def stranded(self) -> list[Delivery]:
        """What is claimed, and neither under way nor next in line, to be released. There should be none: it is the
        safeguard against leases that are renewed for good."""
        found: list[Delivery] = []
        for route in self._routes.all():
            if route.waiting and not route.turns and route not in self.queued:
                self.queue(route)
                if route not in self.queued:
                    found += route.waiting
                    route.waiting.clear()
        return found

    def line_changed(self, route: Route) -> None:
        """It may have become quicker or slower: it is not to wait among those that are as it was before."""
        self.agenda.moved(route.listener.id)
        before, line = self.queued.get(route), Line(route.is_async, route.speed)
        if before is not None and before != line:
            self._runnable[before].remove(route)
            self._runnable[line].append(route)
            self.queued[route] = line

    def pick(self, order: Sequence[Line]) -> Line | None:
        """The first of these lines in which somebody is runnable and whose share has room."""
        if not self.queued:
            return None
        for line in order:
            if self._runnable[line] and self._shares[line.in_loop].room(line.speed):
                return line
        return None

    def take(self, line: Line) -> Route:
        """The first of this line; its turn begins."""
        route = self._runnable[line].popleft()
        del self.queued[route]
        self._shares[line.in_loop].begin(line.speed)
        return route

    def end(self, line: Line) -> None:
        """A turn of this line has ended."""
        self._shares[line.in_loop].end(line.speed)

    def slow_down(self, turn: Turn) -> None:
        """What is under way there takes long: its listener is slow, or silent if it never answered, until it does.

        An untried one stays in the share of these: what slow ones may have is for those that answer.
        """
        line, route = turn.line, turn.route
        if turn.is_long or line.speed not in (QUICK, UNTRIED):
            return
        turn.is_long = True
        if line.speed is QUICK:
            self._shares[line.in_loop].end(QUICK)
            self._shares[line.in_loop].begin(SLOW)
            turn.line = Line(line.in_loop, SLOW)
        route.speed = SILENT if route.speed in (UNTRIED, SILENT) else SLOW
        self.line_changed(route)

    def clear(self) -> list[Delivery]:
        """Nobody is runnable any more; what was claimed and not begun is to be released."""
        taken: list[Delivery] = []
        for route in self._routes.all():
            taken += route.waiting
            route.waiting.clear()
        self.queued.clear()
        for runnable in self._runnable.values():
            runnable.clear()
        return taken
