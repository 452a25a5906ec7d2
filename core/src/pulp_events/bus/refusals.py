"""`Refusals`: what `emit` could not do. It is raised, or logged in its place: `EventBus.open(on_error=…)`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.bus.refused_event import RefusedEvent
from pulp_events.errors import EventsError, StoreError
from pulp_events.events.event_model import EventModel
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.ids import is_event_id, new_event_id
from pulp_events.system.logs import get_logger
from pulp_events.visible import one_line

if TYPE_CHECKING:
    from pulp_events.bus.dropped import Dropped
    from pulp_events.events.event import Event

RAISE, LOG = "raise", "log"
ON_ERROR = (RAISE, LOG)
"""Values of `on_error`."""
AGAIN = 60.0
"""Seconds between log lines about errors of one kind."""
LONGEST_NAME = 200
"""Characters of text that is no event type's name, in what is counted."""
NO_TYPE = "(no event type)"
"""What events are counted as, and called, that were emitted with no text for their type."""

_logger = get_logger(__name__)


class Refusals:
    """Shared by the threads of a process, without a lock, as `Dropped`."""

    def __init__(self, on_error: str, dropped: Dropped, clock: Clock, source: str) -> None:
        self.raises: bool = on_error == RAISE
        self._dropped = dropped
        self._clock = clock
        self._source = source
        self.counts: Counter[str] = Counter()
        """Events by kind of error: the name of its class."""
        self._unsaid: Counter[str] = Counter()
        self._said: dict[str, float] = {}
        self._store_fails = False

    def take(self, error: Exception, events: object, prepared: Sequence[Event] = ()) -> list[Event]:
        """These events, as `emit_many` takes them, cannot be emitted: raise the error, or log it and return what stands
        for them. `prepared`: as they would have been, if that is known."""
        several = events if isinstance(events, Iterable) and not isinstance(events, str | bytes | Mapping) else [""]
        raw = [each if isinstance(each, tuple | list) else (each,) for each in several]
        kind = type(error).__name__
        self.counts[kind] += len(raw)
        if self.raises:
            raise error
        names = [_name(each)[:LONGEST_NAME] for each in raw]
        self._dropped.add(names)
        self._store_fails = isinstance(error, StoreError)
        self._say(kind, error, names)
        return [self._of(event, error) for event in prepared] or [self._made(each, error) for each in raw]

    def stored(self) -> None:
        """Events were stored: the store can be told what it could not be told before."""
        if not self._dropped.is_noted:
            self._store_fails = False
            self._dropped.note_now_and_then()

    def close(self) -> None:
        """Let the store know, unless it is the store that fails: that would take as long again."""
        if not self._store_fails:
            self._dropped.note()
        for kind, count in self._unsaid.items():
            if count:
                what = "one more event" if count == 1 else f"{count} more events"
                _logger.error("%s could not be emitted (%s)", what, kind)
        self._unsaid.clear()

    def _say(self, kind: str, error: Exception, names: Sequence[str]) -> None:
        self._unsaid[kind] += len(names)
        now = self._clock.monotonic()
        if now - self._said.get(kind, now - AGAIN) < AGAIN:
            return
        count, self._said[kind] = self._unsaid.pop(kind), now
        what = f"an event {one_line(names[0])}" if count == 1 and names else f"{count} events"
        text = one_line(str(error)) if isinstance(error, EventsError) else f"{kind}: {one_line(str(error))}"
        trace = None if isinstance(error, EventsError) else error
        _logger.error("%s could not be emitted, and the application goes on: %s", what, text, exc_info=trace)

    def _of(self, event: Event, error: Exception) -> Event:
        known = {name: getattr(event, name) for name in event.__dataclass_fields__}
        return RefusedEvent(**known, error=error)

    def _made(self, raw: Sequence[Any], error: Exception) -> Event:
        now = self._clock.time()
        asked = raw[3] if len(raw) > 3 else None
        id = asked if isinstance(asked, str) and is_event_id(asked) else new_event_id(now)
        return RefusedEvent(_name(raw), {}, {}, id, from_timestamp(now), self._source, error=error)


def _name(raw: Sequence[Any]) -> str:
    """The event type of an event as `emit_many` takes it; of an `EventModel`, that of its class, and no word of what it
    holds."""
    given = raw[0] if raw else ""
    if not isinstance(given, EventModel):
        return given if isinstance(given, str) else NO_TYPE
    declared = type(given).__event_declared__
    return type(given).__qualname__ if declared is None else declared.event_type


def check_on_error(on_error: object, name: str = "on_error") -> None:
    """Raise EventsError for a value that there is not. `name`: what its author calls it."""
    if on_error not in ON_ERROR:
        raise EventsError(f"{name}={on_error!r:.60} is unknown; use one of {', '.join(ON_ERROR)}")


def is_in_transaction(connection: Any) -> bool:
    """True if the driver of an application's connection says so."""
    if connection is None:
        return False
    from pulp_events.borrowed.driver import driver_of
    from pulp_events.borrowed.on_loop import OnLoop

    try:
        driver = connection.connection if isinstance(connection, OnLoop) else driver_of(connection)
        return getattr(driver, "in_transaction", False) is True
    except Exception:  # noqa: BLE001  # one that is closed, say
        return False
