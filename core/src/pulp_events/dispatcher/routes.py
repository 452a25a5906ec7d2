"""The routes of a dispatcher, and what becomes of deliveries that have none."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from pulp_events.dispatcher.channels import Channels
from pulp_events.dispatcher.configuration import Configuration
from pulp_events.dispatcher.route import Route
from pulp_events.dispatcher.traits import Traits
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.store import Outbox
from pulp_events.plugins.boundary import target_elsewhere
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock
from pulp_events.system.file_version import FileVersions
from pulp_events.system.logs import get_logger

ORPHANED = 60.0
"""Seconds for which a listener must be missing before its deliveries are dead: its record may just be on its way."""
FORGOTTEN = 300.0
"""Seconds after which a route that was not used is forgotten, with what it learnt of its endpoint."""

_logger = get_logger(__name__)


class Routes:
    """A route for each listener that can be delivered to, made when it is first asked for."""

    def __init__(
        self,
        index: ListenerIndex,
        plugins: Plugins,
        settings: Settings,
        outbox: Outbox,
        channels: Channels,
        clock: Clock,
    ) -> None:
        self._index = index
        self._plugins = plugins
        self._settings = settings
        self._delivery = settings.section("delivery")
        self._outbox = outbox
        self._channels = channels
        self._clock = clock
        self._files = FileVersions(clock)
        self._traits: dict[str, Traits] = {}
        self._routes: dict[str, Route] = {}
        self._missing: dict[str, tuple[float, float]] = {}
        """Since when a listener is missing, and when that was last seen."""
        self._version: Hashable | None = None
        self._lock = threading.RLock()

    def get(self, listener_id: str) -> Route | None:
        """The route to a listener as its record is now; None while it is disabled, muted, gone, or its plugin is not
        installed, or a target is in other processes only."""
        listener = self._index.get(listener_id)
        if listener is None:
            self._miss(listener_id)
            return None
        if self._missing:
            self._missing.pop(listener_id, None)
        if not listener.enabled or listener.muted_for(self._clock.time()):
            return None
        route = self._routes.get(listener_id)
        if route is None:
            if listener.notifier_type_id not in self._plugins.notifiers:
                return None
            with self._lock:
                route = self._routes.get(listener_id) or self._make(listener)
        route.refresh(listener)
        if target_elsewhere(route.traits.notifier, listener.targets) is not None:
            return None
        return route

    def read_now(self, listener_id: str) -> Listener | None:
        """The listener's record read at this moment; None if there is none. Raises StoreError."""
        return self._index.read_now(listener_id)

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

    def in_loop(self, listener_id: str) -> bool:
        """True if the listener's notifier is known to be awaited in an event loop."""
        if not any(traits.is_async for traits in self._traits.values()):
            return False
        listener = self._index.get(listener_id)
        traits = None if listener is None else self._traits.get(listener.notifier_type_id)
        return traits is not None and traits.is_async

    def all(self) -> list[Route]:
        """Every route that there is."""
        with self._lock:
            return list(self._routes.values())

    def forget_unused(self) -> None:
        """Let go of routes that nothing went over for long, at once of those whose listener is gone."""
        now = self._clock.monotonic()
        gone = [
            route
            for route in self.all()
            if not route.turns
            and not route.waiting
            and (self._index.get(route.listener.id) is None or (now - route.used >= FORGOTTEN and route.wait(now) <= 0))
        ]
        with self._lock:
            for route in gone:
                self._routes.pop(route.listener.id, None)
            for listener_id, (_, last) in list(self._missing.items()):
                if now - last > 3 * ORPHANED:
                    self._missing.pop(listener_id, None)
        for route in gone:
            self._channels.close_of(route.listener.id)

    def _make(self, listener: Listener) -> Route:
        notifier = self._plugins.notifiers[listener.notifier_type_id]
        traits = self._traits.get(notifier.type_id)
        if traits is None or traits.notifier is not notifier:
            traits = self._traits[notifier.type_id] = Traits(notifier, self._settings)
        configuration = Configuration(listener, traits, self._files, self._clock)
        route = self._routes[listener.id] = Route(listener, traits, configuration, self._delivery, self._clock)
        return route

    def _miss(self, listener_id: str) -> None:
        """Bury the deliveries of a listener that stays missing. While the records as a whole are away, they wait."""
        if not self._index.exists:
            self._missing.clear()
            return
        now = self._clock.monotonic()
        with self._lock:
            since, last = self._missing.get(listener_id, (now, now))
            if now - last > 3 * ORPHANED:  # it may have been there in between
                since = now
            self._missing[listener_id] = (since, now)
        if now - since < ORPHANED or self._index.is_broken(listener_id):
            return
        # Several threads, and processes, may find it missing for so long at once.
        with self._lock:
            self._missing.pop(listener_id, None)
        if count := self._outbox.bury(listener_id, "the listener no longer exists"):
            died = "delivery is" if count == 1 else "deliveries are"
            _logger.warning("listener %s no longer exists: %d pending %s now dead", listener_id, count, died)
