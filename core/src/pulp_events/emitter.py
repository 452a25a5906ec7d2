"""What `emit` does before anything is stored: build the event, let plugins enrich it, match it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pulp_events.clock import Clock, from_timestamp
from pulp_events.errors import EventsError, InvalidEvent
from pulp_events.events.event import Event
from pulp_events.events.jsonable import to_jsonable
from pulp_events.events.report import serialise
from pulp_events.ids import new_event_id
from pulp_events.listeners.filters import passes
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.logs import get_logger
from pulp_events.outbox.records import NewDelivery, NewEvent
from pulp_events.plugins.observers import Observers
from pulp_events.plugins.registry import Plugins
from pulp_events.settings.settings import Settings

SKIPPED = "skipped: the listener was disabled"
DROPPED = "dropped: the listener was muted"

_logger = get_logger(__name__)


class Emitter:
    """Prepares events. Raises UnknownEventType, InvalidEvent or EventTooLarge for what cannot be emitted."""

    def __init__(
        self, settings: Settings, plugins: Plugins, index: ListenerIndex, observers: Observers, clock: Clock
    ) -> None:
        self._events = settings.section("events")
        self._skip = settings.section("delivery")["while_disabled"] == "skip"
        self._event_types = plugins.event_types
        self._index = index
        self._observers = observers
        self._clock = clock

    def prepare(
        self, event_type: str, payload: Mapping[str, Any] | None = None, call_report: Mapping[str, Any] | None = None
    ) -> tuple[Event, list[Listener], NewEvent]:
        """The event, the listeners that it concerns, and what is to be stored for them."""
        event = self._build(event_type, payload, call_report)
        if self._observers.enrich:
            event = self._enrich(event)
        return event, *self._match(event)

    def skip(self, listener: Listener) -> str | None:
        """Why an event of now is recorded as dead for this listener at once; None if it is to be delivered."""
        if self._skip and not listener.enabled:
            return SKIPPED
        if listener.mute_drops and listener.muted_for(self._clock.time()):
            return DROPPED
        return None

    def _build(
        self, event_type: str, payload: Mapping[str, Any] | None, call_report: Mapping[str, Any] | None
    ) -> Event:
        self._event_types.require(event_type)
        now = self._clock.time()
        return Event(
            event_type=event_type,
            payload=_mapping(payload, "payload"),
            call_report=_mapping(call_report, "call_report"),
            id=new_event_id(now),
            time=from_timestamp(now),
            source=self._events["source"],
        )

    def _enrich(self, event: Event) -> Event:
        wished = self._observers.before_emit(event)
        if wished is event:
            return event
        try:
            self._event_types.require(wished.event_type)
            enriched = replace(
                wished,
                payload=_mapping(wished.payload, "payload"),
                call_report=_mapping(wished.call_report, "call_report"),
            )
            serialise(enriched, self._events["max_event_bytes"])
        except EventsError as error:
            _logger.error("what plugins made of an event cannot be emitted, so it goes as it was: %s", error)
            return event
        return enriched

    def _match(self, event: Event) -> tuple[list[Listener], NewEvent]:
        report = serialise(event, self._events["max_event_bytes"])
        listeners = [
            listener
            for listener in self._index.matching(event.event_type)
            if listener.filter is None or passes(listener.filter, event.report())
        ]
        deliveries = [
            NewDelivery(listener.id, target, skip)
            for listener in listeners
            for skip in (self.skip(listener),)
            for target in listener.targets
        ]
        new = NewEvent(event.id, event.event_type, event.time.timestamp(), event.source, report, deliveries)
        return listeners, new


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidEvent(f"{name} is of type {type(value).__name__}; it must be a mapping, such as a dict")
    return to_jsonable(value, name)  # type: ignore[no-any-return]
