"""`OwnBus`: what a worker's metrics are read from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from prometheus_client.registry import CollectorRegistry

from pulp_events_prometheus.collector import register

if TYPE_CHECKING:
    from pulp_events import EventBus


class OwnBus:
    """A bus that delivers nothing, and is opened again when the worker reads its settings again."""

    def __init__(self, open_bus: Callable[[], EventBus]) -> None:
        """Raises what `open_bus` raises."""
        self._open_bus = open_bus
        self._lock = threading.Lock()
        self._closed = False
        self._bus = open_bus()
        self.registry = CollectorRegistry()
        """Its metrics, whichever bus they are read from."""
        self._collector = register(self._bus, self.registry)

    def reopen(self) -> None:
        """Go on with the settings as they are now. Raises what `open_bus` raises; it goes on with the old ones then."""
        left = self._open_bus()
        with self._lock:
            if not self._closed:
                self._collector.ask(left)
                self._bus, left = left, self._bus
        left.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            self._bus.close()
