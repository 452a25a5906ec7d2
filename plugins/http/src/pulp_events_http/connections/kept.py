"""`Kept`: the connections that rest between two requests, one pool for all channels of the process."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable

from pulp_events.system import forks
from pulp_events_http.connections.connection import Connection
from pulp_events_http.connections.route import Route

IDLE_LIMIT = 1.0
"""Seconds for which an unused connection is trusted.

A server may close an idle connection just while a request is on its way (RFC 9112 §9.5); whether it took the request
cannot be known then, and to repeat it might deliver twice. Common servers close after 2 to 75 s. A connection that has
rested is therefore not used again: at such a rate a new one costs nothing that matters.
"""

AGE_LIMIT = 60.0
"""Seconds after which a connection is renewed however busy it is: names may have got another address by then."""

MOST = 256
"""Connections that rest at the most, whatever the number of receivers; the one that has rested longest goes first."""

DISTRUST = 3600.0
"""Seconds for which a receiver gets a connection for each request after it sent what belongs to no request."""

MOST_DISTRUSTED = 1024


class Kept:
    """Lends each connection to one request at a time.

    A route's idle connections are closed with the last channel that holds the route. A forked child begins empty: it
    closes its copies of the parent's sockets, and says nothing on them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reset()
        forks.take_part(self)

    def _reset(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._holders: dict[Route, int] = {}
        self._resting: OrderedDict[Connection, Route] = OrderedDict()
        self._by_route: dict[Route, list[Connection]] = {}
        self._watched: OrderedDict[Route, Connection] = OrderedDict()
        self._distrusted: OrderedDict[Route, float] = OrderedDict()
        self._open: weakref.WeakSet[Connection] = weakref.WeakSet()

    def hold(self, route: Route) -> None:
        """A channel begins to use the route; call `release` once for each call."""
        self._notice_fork()
        with self._lock:
            self._holders[route] = self._holders.get(route, 0) + 1

    def release(self, route: Route) -> None:
        """The channel is closed."""
        self._notice_fork()
        closing: list[Connection] = []
        with self._lock:
            left = self._holders.get(route, 0) - 1
            if left > 0:
                self._holders[route] = left
            else:
                self._holders.pop(route, None)
                closing = self._without(route)
                if (watched := self._watched.pop(route, None)) is not None:
                    closing.append(watched)
        _close(closing)

    def take(self, route: Route) -> Connection | None:
        """A connection that is fit for a request; None: make one."""
        self._notice_fork()
        while True:
            self._look_at_watched(route)
            with self._lock:
                closing = self._rested_out()
                resting = self._by_route.get(route)
                connection = resting[-1] if resting else None
                if connection is not None:
                    self._remove(connection)
            self._look_and_close(closing)
            if connection is None:
                return None
            if connection.is_quiet():
                return connection
            connection.close()
            if connection.unclean:
                self.distrust(route)

    def give(self, route: Route, connection: Connection) -> None:
        """The request is done and the connection clean. It is kept, or closed."""
        self._notice_fork()
        now = self._clock()
        with self._lock:
            connection.used = now
            if now - connection.made > AGE_LIMIT or route not in self._holders or self._is_distrusted(route, now):
                closing = [(connection, route)]
            else:
                self._resting[connection] = route
                self._by_route.setdefault(route, []).append(connection)
                closing = self._rested_out()
        self._look_and_close(closing)

    def watch(self, route: Route, connection: Connection) -> None:
        """Stop using it, but wait a moment to see whether anything arrives that belongs to no request.

        For a connection that brought a refusal and not as its first answer: if that was a second answer to the request
        before, the one to this request is still to come.
        """
        self._notice_fork()
        connection.used = self._clock()
        closing: list[tuple[Connection, Route]] = []
        with self._lock:
            if (earlier := self._watched.pop(route, None)) is not None:
                closing.append((earlier, route))
            if route in self._holders:
                self._watched[route] = connection
            else:
                closing.append((connection, route))
            if len(self._watched) > MOST:
                oldest, one = self._watched.popitem(last=False)
                closing.append((one, oldest))
        self._look_and_close(closing)

    def _look_at_watched(self, route: Route) -> None:
        """At this route's, and at those that were watched for long enough."""
        if not self._watched:
            return
        oldest = self._clock() - IDLE_LIMIT
        with self._lock:
            found = [(one, of) for of, one in self._watched.items() if of == route or one.used < oldest]
            for _, of in found:
                del self._watched[of]
        closing = []
        for one, of in found:
            go_on = one.used >= oldest and one.is_quiet()
            with self._lock:
                go_on = go_on and of in self._holders and of not in self._watched
                if go_on:
                    self._watched[of] = one
            if not go_on:
                closing.append((one, of))
        self._look_and_close(closing)

    def _look_and_close(self, connections: list[tuple[Connection, Route]]) -> None:
        for connection, route in connections:
            connection.is_quiet()
            connection.close()
            if connection.unclean:
                self.distrust(route)

    def opened(self, connection: Connection) -> None:
        """A connection was made: from now on a forked child closes its copy."""
        self._open.add(connection)

    def drop(self, route: Route) -> None:
        """A connection of this route failed: the others may lead to the same dead end."""
        with self._lock:
            closing = self._without(route)
        _close(closing)

    def distrust(self, route: Route) -> None:
        """The receiver sent what belongs to no request: for a while, none of its connections is used twice."""
        with self._lock:
            self._distrusted[route] = self._clock() + DISTRUST
            self._distrusted.move_to_end(route)
            if len(self._distrusted) > MOST_DISTRUSTED:
                self._distrusted.popitem(last=False)
            closing = self._without(route)
        _close(closing)

    def _is_distrusted(self, route: Route, now: float) -> bool:
        until = self._distrusted.get(route)
        if until is not None and until <= now:
            del self._distrusted[route]
            return False
        return until is not None

    def _rested_out(self) -> list[tuple[Connection, Route]]:
        """Those that rested for too long, or are too many; taken out."""
        oldest = self._clock() - IDLE_LIMIT
        found: list[tuple[Connection, Route]] = []
        for connection, route in self._resting.items():
            if connection.used >= oldest and len(self._resting) - len(found) <= MOST:
                break
            found.append((connection, route))
        for connection, _ in found:
            self._remove(connection)
        return found

    def _without(self, route: Route) -> list[Connection]:
        found = list(self._by_route.get(route, ()))
        for connection in found:
            self._remove(connection)
        return found

    def _remove(self, connection: Connection) -> None:
        route = self._resting.pop(connection)
        resting = self._by_route[route]
        resting.remove(connection)
        if not resting:
            del self._by_route[route]

    def _notice_fork(self) -> None:
        """Not every fork runs Python's hooks: a C program that embeds Python may call fork() itself."""
        if os.getpid() != self._process:
            self._start_over()

    def _start_over(self) -> None:
        inherited = list(self._open)
        holders = self._holders
        self._reset()
        self._holders = holders  # channels that the child goes on to use
        _close(inherited)

    def before_fork(self) -> None:
        """Nothing moves while the process is copied."""
        self._lock.acquire()

    def after_fork(self, in_child: bool) -> None:
        """The child begins empty."""
        self._lock.release()
        if in_child:
            self._start_over()

    def after_foreign_fork(self) -> None:
        """The same where nobody held the lock for the fork."""
        self._notice_fork()


def _close(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()


KEPT = Kept()
