"""`Collector`: for a registry of prometheus_client, an application's or our own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from prometheus_client.core import Metric
from prometheus_client.registry import Collector as _Collector
from prometheus_client.registry import CollectorRegistry

from pulp_events.errors import BusClosed, EventsError
from pulp_events.processes.complaints import Complaints
from pulp_events.system.logs import get_logger
from pulp_events_prometheus.families import build, of_reading, of_scrape
from pulp_events_prometheus.reading import Reader

if TYPE_CHECKING:
    from pulp_events import EventBus

FRESH = 1.0
"""Seconds for which a reading is given again: two servers that scrape at once are one question to the store."""


class Collector(_Collector):
    """Asks the stores of a bus at each scrape, for all processes that are at work on them; keeps nothing up to date in
    between, so that neither `emit` nor deliveries pay for it.

    A store that does not answer is no failed scrape: `pulp_events_up` is 0 then, and nothing else is told of it.
    """

    def __init__(self, bus: EventBus) -> None:
        self._reader = Reader(bus)
        self._lock = threading.Lock()
        self._families: Sequence[Metric] = ()
        self._until = 0.0
        self._complaints = Complaints(get_logger(__name__))

    def ask(self, bus: EventBus) -> None:
        """Ask this bus from now on."""
        reader = Reader(bus)
        with self._lock:
            self._reader, self._until = reader, 0.0

    def describe(self) -> Sequence[Metric]:
        """Nothing: a registry asks for names when something is registered, which is no time to ask the stores."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The families of now."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._families = self._read()
                self._until = time.monotonic() + FRESH
            families = self._families
        yield from families

    def _read(self) -> Sequence[Metric]:
        began = time.perf_counter()
        try:
            families, up = [*of_reading(self._reader.read())], True
            self._complaints.over("read")
        except BusClosed:
            families, up = [], False
        except EventsError as error:
            self._complaints.say(time.monotonic(), "read", f"metrics cannot be read: {error}")
            families, up = [], False
        return [build(), *of_scrape(up, time.perf_counter() - began), *families]


def register(bus: EventBus, registry: CollectorRegistry | None = None) -> Collector:
    """Add the metrics of a bus to a registry, by default that of prometheus_client; returns what was added, for
    `registry.unregister`."""
    from prometheus_client import REGISTRY

    made = Collector(bus)
    (REGISTRY if registry is None else registry).register(made)
    return made


def own_registry(bus: EventBus) -> CollectorRegistry:
    """A registry with these metrics and no others."""
    registry = CollectorRegistry()
    registry.register(Collector(bus))
    return registry
