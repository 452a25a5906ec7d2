"""`TypeMemory`: lets the store know which event types the application has, for programs that do not have them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

from pulp_events.errors import EventsError
from pulp_events.events.builtin import BUILTIN_EVENT_TYPES
from pulp_events.events.event_type import EventType
from pulp_events.events.remembered import AGAIN, MOST, RememberedType, remembered
from pulp_events.listeners.store import ListenerStore, RemembersTypes
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.logs import get_logger
from pulp_events.system.signal_handlers import raised_in_handler
from pulp_events.visible import one_line

RETRY = 300.0
"""Seconds after which it is tried again where the store failed."""

_logger = get_logger(__name__)


class TypeMemory:
    """Of one bus. Nothing here raises: that a type is not remembered keeps no event from being emitted."""

    def __init__(self, plugins: Plugins, store: ListenerStore, settings: Settings, clock: Clock) -> None:
        self._types = plugins.event_types
        self._plugins = plugins
        self._store = store
        self._source = str(settings.section("events")["source"])
        self._clock = clock
        self._telling = threading.Lock()
        self._next = clock.monotonic() + AGAIN
        self._warned = False
        self._count = self._types.registrations - len(self._own())

    def look(self) -> None:
        """Tell of types that were registered since the last time. For each `emit`: it compares two numbers."""
        if self._types.registrations != self._count:
            self._tell()

    def look_again(self) -> None:
        """The same; and now and then tell again of those that there are. For each heartbeat."""
        if self._types.registrations != self._count or self._clock.monotonic() >= self._next:
            self._tell()

    def others(self) -> Mapping[str, RememberedType]:
        """What other processes told of, by name; nothing where the store cannot say."""
        if not isinstance(self._store, RemembersTypes):
            return {}
        try:
            return self._store.remembered_types()
        except EventsError as error:
            _logger.warning("event types of applications are not known here: %s", error)
            return {}

    def forget(self, names: Collection[str]) -> int:
        """Drop these; returns how many the store had. Raises StoreError."""
        return self._store.forget_types(names) if isinstance(self._store, RemembersTypes) else 0

    def _tell(self) -> None:
        if not isinstance(self._store, RemembersTypes) or not self._telling.acquire(blocking=False):
            return  # another thread is at it, or this very one, interrupted by a signal handler
        try:
            self._count = self._types.registrations
            self._next = self._clock.monotonic() + AGAIN
            now = from_timestamp(self._clock.time())
            own = self._own()
            if len(own) > MOST:
                _logger.warning("this application has %d event types, of which %d are remembered", len(own), MOST)
            kept = [remembered(each, _json_schema(each), self._source, now) for each in own[:MOST]]
            told = {each.name: each for each in kept if each is not None}
            if told:
                self._store.remember_types(told)
            self._warned = False
        except Exception as error:  # the store may be anybody's
            if raised_in_handler(error):
                raise
            self._next = self._clock.monotonic() + RETRY
            if not self._warned:
                self._warned = True
                text = str(error) if isinstance(error, EventsError) else f"{type(error).__name__}: {error}"
                _logger.warning("`pulp-admin` will not know the event types of this application: %s", one_line(text))
        finally:
            self._telling.release()

    def _own(self) -> list[EventType]:
        """Those that neither ship with core nor come with an installed plugin, nor were learnt from the store."""
        others = {each.name for each in BUILTIN_EVENT_TYPES}
        others.update(each.name for plugin in self._plugins.loaded for each in plugin.event_types)
        return [each for each in self._types if each.name not in others and not self._types.is_learnt(each.name)]


def _json_schema(event_type: EventType) -> Mapping[str, Any] | None:
    if event_type.schema is None or isinstance(event_type.schema, Mapping):
        return event_type.schema
    from pulp_events.schemas.fault import UnusableSchema
    from pulp_events.schemas.json_schema import payload_schema

    try:
        return payload_schema(event_type)
    except UnusableSchema as error:
        _logger.debug("%s", error)
        return None
