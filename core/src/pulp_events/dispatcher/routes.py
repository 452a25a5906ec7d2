"""The routes of a dispatcher, and what becomes of deliveries that have none."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from pulp_events.clock import Clock
from pulp_events.dispatcher.route import Route
from pulp_events.listeners.index import ListenerIndex
from pulp_events.logs import get_logger
from pulp_events.outbox.store import Outbox
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings

ORPHANED = 60.0
"""Seconds for which a listener must be missing before its deliveries are dead: its record may just be on its way."""

_logger = get_logger(__name__)


class Routes:
    """A route for each listener that can be delivered to, made when it is first asked for."""

    def __init__(
        self, index: ListenerIndex, plugins: Plugins, settings: Settings, outbox: Outbox, clock: Clock
    ) -> None:
        self._index = index
        self._plugins = plugins
        self._settings = settings
        self._outbox = outbox
        self._clock = clock
        self._routes: dict[str, Route] = {}
        self._missing: dict[str, float] = {}
        self._version: Hashable | None = None
        self._lock = threading.Lock()

    def get(self, listener_id: str) -> Route | None:
        """The route to a listener; None while it is disabled, muted, gone, or its plugin is not installed."""
        listener = self._index.get(listener_id)
        if listener is None:
            self._miss(listener_id)
            return None
        notifier = self._plugins.notifiers.get(listener.notifier_type_id)
        if notifier is None or not listener.enabled or listener.muted_for(self._clock.time()):
            return None
        with self._lock:
            route = self._routes.get(listener_id)
            if route is None:
                route = self._routes[listener_id] = Route(listener, notifier, self._settings, self._outbox, self._clock)
        route.refresh(listener)
        return route

    def muted_for(self, listener_id: str) -> float:
        """Seconds until the mute of a listener ends, 0 if there is none."""
        listener = self._index.get(listener_id)
        return 0.0 if listener is None else listener.muted_for(self._clock.time())

    def changed(self) -> bool:
        """True if a listener's record changed since the last call: it may have been enabled, or its mute ended."""
        was, self._version = self._version, self._index.version
        return self._version != was

    def known(self, listener_id: str) -> Route | None:
        """The route to a listener if there is one already."""
        return self._routes.get(listener_id)

    def all(self) -> list[Route]:
        """Every route that was asked for."""
        with self._lock:
            return list(self._routes.values())

    def _miss(self, listener_id: str) -> None:
        """Bury the deliveries of a listener that stays missing. While the records as a whole are away, they wait."""
        if not self._index.exists:
            return
        now = self._clock.monotonic()
        if now - self._missing.setdefault(listener_id, now) >= ORPHANED:
            del self._missing[listener_id]
            count = self._outbox.bury(listener_id, "the listener does not exist any more")
            _logger.warning("listener %s is gone: %d pending deliveries are dead", listener_id, count)
