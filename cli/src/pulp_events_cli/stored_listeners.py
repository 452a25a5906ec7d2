"""`StoredListeners`: what a command that only reads listeners needs of a bus, without one.

A bus is made to emit, to deliver, and to change listeners. To read them, their store, the settings and the plugins are
enough, and a process that has just started is done in half of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pulp_events.bus.stores import open_listener_store
from pulp_events.listeners.lookup import has_labels
from pulp_events.listeners.redacted import Redaction
from pulp_events.system import replacement
from pulp_events.system.clock import Clock, SystemClock

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.listeners.store import ListenerStore
    from pulp_events.plugins.registry import Plugins
    from pulp_events.settings.settings import Settings


class StoredListeners:
    """Has `listeners`, `plugins`, `settings` and `clock` of a bus; the bus is opened when a command asks for more."""

    def __init__(self, settings: Settings, plugins: Plugins, open_bus: Callable[[], EventBus]) -> None:
        """Raises StoreError, and what a plugin's store raises."""
        self.settings = settings
        self.plugins = plugins
        self.clock: Clock = SystemClock()
        self._open_bus = open_bus
        self._bus: EventBus | None = None
        folder = settings.data_dir
        settings.work_in(folder)
        replacement.finish(folder)
        self._store = open_listener_store(settings, plugins, folder)
        self.listeners = Reader(self._store, Redaction(plugins), self.bus)

    def bus(self) -> EventBus:
        """The bus with all that it can, opened with the first call."""
        if self._bus is None:
            self._bus = self._open_bus()
        return self._bus

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bus(), name)

    def __enter__(self) -> StoredListeners:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if self._bus is not None:
                self._bus.close()
        finally:
            self._store.close()


class Reader:
    """`bus.listeners`, as far as that reads; the rest is that of the bus."""

    def __init__(
        self, store: ListenerStore, redacted: Callable[[Listener], dict[str, Any]], bus: Callable[[], EventBus]
    ) -> None:
        self._store = store
        self._bus = bus
        self.redacted = redacted

    def list(self, *, labels: Mapping[str, str | None] | None = None) -> list[Listener]:
        """As `Listeners.list`."""
        return [each for each in self._listeners if labels is None or has_labels(each, labels)]

    @cached_property
    def _listeners(self) -> list[Listener]:
        return [*self._store.all()]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus().listeners, name)
