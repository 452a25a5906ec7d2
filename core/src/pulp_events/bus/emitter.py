"""What `emit` does before anything is stored: build the event, let plugins enrich it, match it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass, replace
from typing import Any, NamedTuple

from pulp_events.bus.audience import Audiences
from pulp_events.bus.expiry import Expires, as_given, expiring, moment_of
from pulp_events.bus.lazy import Dumps, Given, is_lazy, value_of
from pulp_events.errors import EventsError, InvalidEvent
from pulp_events.events.event import Event
from pulp_events.events.event_model import EventModel, is_model_class
from pulp_events.events.failing import refusing
from pulp_events.events.jsonable import Encode, to_jsonable
from pulp_events.events.pydantic_models import is_pydantic
from pulp_events.events.report import fingerprint, serialise
from pulp_events.events.trace_context import NO_TRACE, checked, to_text
from pulp_events.listeners.author_kinds import SCOPE
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.outbox.records import NewEvent
from pulp_events.plugins.observers import Observers
from pulp_events.plugins.registry import Plugins
from pulp_events.schemas.payloads import Payloads
from pulp_events.settings.kept import KEEP_ALL
from pulp_events.settings.settings import Settings
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.ids import is_event_id, new_event_id
from pulp_events.system.logs import get_logger

_EXAMPLE = "(event_type, payload), (event_type, payload, call_report) or (event_type, payload, call_report, id)"

_logger = get_logger(__name__)


Emitted = (
    EventModel
    | tuple[str, Given]
    | tuple[str, Given, Any]
    | tuple[str, Given, Any, str | None]
    | tuple[EventModel, None, Any]
    | tuple[EventModel, None, Any, str | None]
)
"""What `emit_many` takes of each event."""


class Prepared(NamedTuple):
    """What can be stored."""

    event: Event
    listeners: Sequence[Listener]
    """Those that it concerns."""
    new: NewEvent
    """What is to be stored for them."""


class Emitter:
    """Prepares events. Raises UnknownEventType, InvalidEvent or EventTooLarge for what cannot be emitted."""

    def __init__(
        self,
        settings: Settings,
        plugins: Plugins,
        index: ListenerIndex,
        observers: Observers,
        clock: Clock,
        before: Emitter | None = None,
        encode: Encode | None = None,
    ) -> None:
        """`before`: that of the parent process; the schemas that it has compiled need not be compiled again. `encode`:
        see `to_jsonable`."""
        self._events = settings.section("events")
        self._event_types = plugins.event_types
        known = None if before is None else before._payloads
        self._payloads: Payloads = Payloads(self._events["payloads"], plugins.event_types, known)
        self._audiences = Audiences(settings, index, clock)
        self._observers = observers
        self._clock = clock
        self._encode = encode

    def prepare(
        self,
        event_type: str,
        payload: Given = None,
        call_report: Given = None,
        event_id: str | None = None,
        expires: Expires = None,
        *,
        scope: str | None = None,
        trace: Mapping[str, str] = NO_TRACE,
        silent: bool = False,
        hears: Callable[[Listener], bool] | None = None,
    ) -> Prepared:
        """The event, the listeners that it concerns, and what is to be stored for them.

        `scope`: that with which it is emitted; see `Listener.hears`, in whose place `hears` is asked if it is given.
        `trace`: the valid trace context that it is given.

        `silent`: a payload that does not fit its schema is not logged, as the event will not be emitted.
        """
        if is_lazy(payload) or is_lazy(call_report):
            self._check(event_type, event_id)  # first: making it may be costly
            if event_id is None and not self._is_needed(event_type, scope):
                return self._of_nobody(event_type, payload, call_report, scope)
        event = given = self._build(event_type, value_of(payload), value_of(call_report), event_id, trace)
        end = None if expires is None else moment_of(expires, event.time.timestamp())
        if self._observers.enriches:
            event = self._enrich(event, silent)
        else:
            self._payloads.check(event, silent)
        listeners, new = self._match(event, scope, hears)
        if event_id is not None:
            new.once = True
            report = new.report if _is_same_content(event, given) else serialise(given)
            new.fingerprint = fingerprint(report, as_given(expires))
        if end is not None:
            new.deliveries = expiring(new.deliveries, end, self._clock.time())
        return Prepared(event, listeners, new)

    def prepare_all(
        self,
        events: Iterable[Any],
        expires: Expires = None,
        scope: str | None = None,
        trace_context: Mapping[str, str] | None = None,
    ) -> list[Prepared]:
        """The same for `(event_type, payload[, call_report[, id]])` each; raises InvalidEvent for what is none."""
        if isinstance(events, str | bytes | Mapping) or not isinstance(events, Iterable):
            raise InvalidEvent(f"events is of type {type(events).__name__}; give a list of {_EXAMPLE}")
        check_scope(scope)
        trace = NO_TRACE if trace_context is None else checked(trace_context)
        prepared = []
        for number, event in enumerate(events):
            if type(event) is not tuple and (hasattr(type(event), "__event_payload__") or is_model_class(event)):
                event = (event,)
            if not isinstance(event, tuple | list) or not 1 <= len(event) <= 4:
                raise InvalidEvent(f"event {number} is {event!r:.80}; give {_EXAMPLE}")
            event_type, payload, call_report, event_id = (*event, None, None, None)[:4]
            if type(event_type) is not str and hasattr(type(event_type), "__event_payload__"):
                event_type, payload = self._of_model(event_type, payload)
            elif is_model_class(event_type):
                raise InvalidEvent(
                    f"{event_type.__name__} is a class; give an instance of it: {event_type.__name__}(…)"
                )
            prepared.append(self.prepare(event_type, payload, call_report, event_id, expires, scope=scope, trace=trace))
        return prepared

    def warm_up(self, event_type: str) -> None:
        """Compile the schema of an event type."""
        self._payloads.compiled(self._event_types.require(event_type))

    def would_deliver(self, event_type: str, scope: str | None = None) -> bool:
        """Whether an event of this type, emitted now, would go to any listener, or might: filters are not looked at."""
        self._event_types.require(event_type)
        check_scope(scope)
        return any(self.skip(listener) is None for listener in self._audiences.of(event_type, scope).listeners)

    def is_wanted(self, event_type: str, scope: str | None = None) -> bool:
        """False if nobody sees such an event, whatever it holds, and it is not kept."""
        self._event_types.require(event_type)
        check_scope(scope)
        return self._is_needed(event_type, scope)

    def skip(self, listener: Listener, at: float | None = None) -> str | None:
        """Why an event is recorded as dead for this listener at once; None if it is to be delivered.

        `at`: when it is emitted, in seconds since the epoch; by default now.
        """
        return self._audiences.skip(listener, at)

    def _is_needed(self, event_type: str, scope: str | None) -> bool:
        """False if nobody sees what such an event holds, whatever that is."""
        sees = self._observers
        kept = self._events["keep"] == KEEP_ALL or sees.enriches or sees.watches_emitted
        return bool(kept or self._audiences.of(event_type, scope).listeners)

    def _of_nobody(self, event_type: str, payload: Given, call_report: Given, scope: str | None) -> Prepared:
        event = self._build(
            event_type, None if is_lazy(payload) else value_of(payload),
            None if is_lazy(call_report) else value_of(call_report), None,
        )  # fmt: skip
        new = NewEvent(event.id, event_type, event.time.timestamp(), event.source, b"", (), scope=scope)
        return Prepared(event, (), new)

    def _check(self, event_type: str, event_id: str | None) -> None:
        self._event_types.require(event_type)
        if event_id is not None and not is_event_id(event_id):
            raise InvalidEvent(
                f"the id of an event cannot be {event_id!r:.210}; choose 1 to 200 letters, digits and - . _ ~ : @ + =, "
                "the first of which is a letter or digit"
            )

    def _build(
        self,
        event_type: str,
        payload: Mapping[str, Any] | Dumps | None,
        call_report: Mapping[str, Any] | Dumps | None,
        event_id: str | None,
        trace: Mapping[str, str] = NO_TRACE,
    ) -> Event:
        self._check(event_type, event_id)
        now = self._clock.time()
        return Event(
            event_type=event_type,
            payload=self._mapping(payload, "payload"),
            call_report=self._mapping(call_report, "call_report"),
            id=new_event_id(now) if event_id is None else event_id,
            time=from_timestamp(now),
            source=self._events["source"],
            trace_context=trace,
        )

    def _mapping(self, value: Any, name: str) -> dict[str, Any]:
        if value is None:
            return {}
        if isinstance(value, Mapping) or is_pydantic(value) or (is_dataclass(value) and not isinstance(value, type)):
            made = to_jsonable(value, name, self._encode)
            if isinstance(made, dict):
                return made
        raise InvalidEvent(f"{name} is of type {type(value).__name__}; it must be a mapping, such as a dict")

    def _of_model(self, event: Any, payload: Any) -> tuple[str, Mapping[str, Any]]:
        """Name of the event type and payload of an `EventModel`, whose class is known from now on."""
        if payload is not None:
            raise InvalidEvent(
                f"a payload is given beside an event of {type(event).__name__}, which has one; leave it out"
            )
        event_type = type(event).__event_type__()
        if event_type.name not in self._event_types or self._event_types.require(event_type.name) is not event_type:
            self._event_types.register(event_type)
        try:
            return event_type.name, event.__event_payload__()
        except EventsError:
            raise
        except Exception as error:
            raise refusing(event, "payload", error) from error

    def _enrich(self, event: Event, silent: bool) -> Event:
        wished = self._observers.before_emit(event)
        if wished is event:
            self._payloads.check(event, silent)
            return event
        traced = checked(wished.trace_context)
        if _is_same_content(wished, event):  # as of who only traces: nothing else is to be looked at again
            self._payloads.check(event, silent)
            return wished if traced == wished.trace_context else replace(wished, trace_context=traced)
        try:
            self._event_types.require(wished.event_type)
            enriched = replace(
                wished,
                payload=self._mapping(wished.payload, "payload"),
                call_report=self._mapping(wished.call_report, "call_report"),
                trace_context=traced,
            )
            serialise(enriched, self._events["max_event_bytes"])
            self._payloads.check(enriched, silent)  # what leaves is what was checked: plugins may add what is missing
        except EventsError as error:
            self._payloads.check(event, silent)
            _logger.error("an event as changed by plugins cannot be emitted, so it is emitted unchanged: %s", error)
            return replace(event, trace_context=traced) if traced else event
        return enriched

    def _match(
        self, event: Event, scope: str | None, hears: Callable[[Listener], bool] | None
    ) -> tuple[Sequence[Listener], NewEvent]:
        report = serialise(event, self._events["max_event_bytes"])
        if hears is None:
            audience = self._audiences.of(event.event_type, scope)
        else:
            audience = self._audiences.among(event.event_type, hears)
        listeners, deliveries = self._audiences.wanting(audience, event)
        time = event.time.timestamp()
        new = NewEvent(event.id, event.event_type, time, event.source, report, deliveries, scope=scope)
        if event.trace_context:
            new.trace_context = to_text(event.trace_context)
        return listeners, new


def check_scope(scope: object) -> None:
    """Raise InvalidEvent for what cannot be the scope of any listener."""
    if scope is not None:
        try:
            SCOPE.load("scope", scope)
        except ValueError as error:
            raise InvalidEvent(str(error)) from None


def _is_same_content(event: Event, before: Event) -> bool:
    """Whether a plugin, or several, left alone what the application gave."""
    same = event.payload is before.payload and event.call_report is before.call_report
    return same and event.event_type == before.event_type
