"""Buses that nobody closed, at the exit of the process: each is told of once, and closed.

No event is lost by that: what `emit` returned for is stored. But what is under way would stay leased to a process that
is gone, for as long as a lease lasts.
"""

from __future__ import annotations

import atexit
import warnings
import weakref
from typing import Protocol

from pulp_events.errors import EventsError
from pulp_events.system.logs import get_logger

GRACE = 1.0
"""Seconds that what is under way has at exit: whoever wants more closes the bus."""

_logger = get_logger(__name__)


class Closable(Protocol):
    """A bus."""

    @property
    def delivers_here(self) -> bool:
        """Whether this process makes deliveries for it, or looks after one that does."""

    def close(self, grace: float | None = None, *, drain: bool = True) -> None:
        """End it."""


_open: weakref.WeakSet[Closable] = weakref.WeakSet()


def opened(bus: Closable) -> None:
    """Remember it until it is closed, or gone."""
    if not _open:
        atexit.unregister(_at_exit)
        atexit.register(_at_exit)
    _open.add(bus)


def closed(bus: Closable) -> None:
    """It needs nothing at exit."""
    _open.discard(bus)


def _at_exit() -> None:
    for bus in list(_open):
        if bus.delivers_here:
            _logger.warning("an EventBus was not closed before the process ended: close it, or use it with `with`; "
                            "what is pending is left to the next process")  # fmt: skip
        warnings.warn(f"unclosed {type(bus).__name__}", ResourceWarning, stacklevel=1, source=bus)
        try:
            bus.close(GRACE, drain=False)
        except EventsError as error:
            _logger.warning("an EventBus could not be closed at exit: %s", error)
