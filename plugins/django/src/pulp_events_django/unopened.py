"""What becomes of events while the bus of the project cannot be opened, with PULP_EVENTS_ON_ERROR = "log"."""

from __future__ import annotations

import time
from typing import NoReturn

from pulp_events import Event, EventBus
from pulp_events.bus.dropped import Dropped
from pulp_events.bus.refusals import LOG, Refusals
from pulp_events.errors import EventsError, StoreError
from pulp_events.system.clock import SystemClock
from pulp_events_django.project_bus import get_bus
from pulp_events_django.project_settings import on_error

AGAIN = 10.0
"""Seconds after which it is tried again: a database that does not answer would keep each request waiting."""


def _nowhere() -> NoReturn:
    raise StoreError("no bus is open")


_clock = SystemClock()
_refusals = Refusals(LOG, Dropped(_nowhere, _clock), _clock, "")
_failed: tuple[float, EventsError] | None = None


def open_bus() -> EventBus:
    """`get_bus`; where that failed a moment ago, and errors are to be logged, it raises the same at once."""
    global _failed
    if _failed is not None and on_error() == LOG and time.monotonic() - _failed[0] < AGAIN:
        raise _failed[1]
    try:
        return get_bus()
    except EventsError as error:
        _failed = (time.monotonic(), error)
        raise


def refused(error: EventsError, event: tuple[object, ...]) -> Event:
    """What `emit` returns for an event for which no bus could be opened. Raises the error where that is wished."""
    if on_error() != LOG:
        raise error
    return _refusals.take(error, [event])[0]
