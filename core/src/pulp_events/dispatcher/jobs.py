"""What a thread of the dispatcher does beside attempts: ask a notifier for its window, close channels."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from pulp_events.dispatcher.channels import OpenChannel, disconnect
from pulp_events.dispatcher.event_loops import EventLoops
from pulp_events.dispatcher.pool import PoolThread
from pulp_events.dispatcher.route import Route
from pulp_events.listeners.notifier_config import window
from pulp_events.plugins import boundary
from pulp_events.system.clock import Clock
from pulp_events.system.logs import get_logger

CLOSE_LIMIT = 30.0
"""Seconds that closing a channel may take before its thread is given up."""

_logger = get_logger(__name__)


class Job:
    """Something that a notifier does, in a thread that is watched: `since` and `limit` as of a turn."""

    limit = CLOSE_LIMIT

    def __init__(
        self, clock: Clock, what: Callable[[], None], hangs: Callable[[float], None], closes_for: str | None = None
    ) -> None:
        self._clock = clock
        self._what = what
        self._hangs = hangs
        self.closes_for = closes_for
        """Id of the listener a channel of which it closes."""
        self.since: float = 0.0
        self.thread: PoolThread | None = None
        """That which does it; None once it is given up."""

    def run(self) -> None:
        """Do it; what it raises is logged."""
        self.since = self._clock.monotonic()
        try:
            self._what()
        finally:
            self.since = 0.0

    def abandon(self, reason: str) -> bool:
        """Go on without it; whatever it brings back is ignored."""
        self._hangs(self.limit)
        return True


def closing(opened: OpenChannel, type_id: str, loops: EventLoops, clock: Clock) -> Job:
    """Close a channel."""

    def hangs(limit: float) -> None:
        _logger.error("listener %s: closing a channel of type %s hangs; it was given up after %.0f s",
                      opened.listener_id, type_id, limit)  # fmt: skip

    return Job(clock, lambda: close(opened, type_id, loops), hangs, opened.listener_id)


def close(opened: OpenChannel, type_id: str, loops: EventLoops) -> None:
    """Close it here; what it raises at that is of no use to anybody."""
    try:
        value = disconnect(opened.channel)
        if value is not None and inspect.isawaitable(value):
            loops.run(type_id, value, CLOSE_LIMIT, opened.loop)
    except BaseException as error:  # noqa: BLE001  # a notifier's close() may do anything
        words = f"{type(error).__name__}: {boundary.words_of(error)}"
        _logger.debug("closing a channel failed: %s", opened.scrub(words))


def asking_for_window(route: Route, clock: Clock, known: Callable[[], None]) -> Job:
    """Ask the notifier for the listener's window; then call `known`. Without one that can be used, deliveries fail."""
    listener = route.listener

    def ask() -> None:
        fault, found = None, None
        try:
            found = window(route.traits.notifier, listener.notifier_config)
        except BaseException as error:  # noqa: BLE001  # a notifier may raise anything
            words = f"{type(error).__name__}: {boundary.words_of(error)}"
            fault = f"its window cannot be determined: {route.configuration.scrubber(words)}"
            _logger.error("listener %s: %s", listener.id, fault)
        settle(found, fault)

    def hangs(limit: float) -> None:
        fault = f"its window cannot be determined: window() took over {limit:.0f} s"
        _logger.error("listener %s: %s", listener.id, fault)
        settle(None, fault)

    def settle(found: float | None, fault: str | None) -> None:
        route.asking = False
        if route.listener.notifier_config == listener.notifier_config and not route.window_known:
            route.window, route.window_fault, route.window_known = found, fault, True
        known()

    return Job(clock, ask, hangs)
