"""What the wrapped methods know of the bus: who listens, and an emit that never stops what Pulp does."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from pulp_events import EventBus
from pulp_events.errors import EventTooLarge

Report = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Payload and call report."""

REOPEN_AFTER = 10.0
"""Seconds until a bus that could not be opened is tried again."""
TELL_AGAIN_AFTER = 60.0
"""Seconds for which a failure with the same text is not logged again."""

_logger = logging.getLogger(__name__)


class NoSuchEvent(Exception):
    """Raised while a report is made, when it turns out that there is nothing to tell."""


def wanted(domain: UUID | None, *event_types: str) -> frozenset[str]:
    """Those of the event types that anybody is to hear of in this domain; never raises.

    It is answered from memory, but for the version of the listeners, which is asked for on Django's connection at most
    once in half a second. No savepoint for that, which would cost more than the question: the store makes one until it
    has seen its tables.
    """
    try:
        bus = _open()
        if bus is None:
            return frozenset()
        asked = functools.partial(bus.is_wanted, scope=_scope(domain), connection=connection)
        return frozenset(each for each in event_types if asked(each))
    except Exception as error:  # noqa: BLE001  # nothing that fails here may stop a task
        failed("what to emit is not known", error)
        return frozenset()


def emit(event_type: str, domain: UUID | None, make: Callable[[], Report]) -> None:
    """Store an event in Django's transaction, which is under way; if that fails, it is logged and all else goes on.

    `make`: called only if anybody is to hear of it; may raise NoSuchEvent. What it asks is seen in the transaction.
    """
    with guarded(f"an event is lost: {event_type}"):
        bus = _open()
        if bus is not None:
            _emit(bus, event_type, domain, functools.cache(make))
            _told.clear()


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """What fails in the block is undone in the database and logged, as `what`; NoSuchEvent is no failure."""
    try:
        with transaction.atomic():  # a savepoint: a statement that fails spoils no more than the block
            yield
    except NoSuchEvent:
        pass
    except Exception as error:  # noqa: BLE001  # nothing that fails here may stop a task
        failed(what, error)


def _emit(bus: EventBus, event_type: str, domain: UUID | None, made: Callable[[], Report]) -> None:
    store = functools.partial(bus.emit, event_type, connection=connection, scope=_scope(domain))
    try:
        store(lambda: made()[0], lambda: made()[1])
    except EventTooLarge as error:
        payload, call_report, _ = error.reduced()
        store(payload, call_report)


def _scope(domain: UUID | None) -> str | None:
    return None if domain is None else str(domain)


_next_opening = 0.0


def _open() -> EventBus | None:
    """The bus of the process; None if it cannot be opened at the moment, which was logged."""
    global _next_opening
    from pulp_events_pulpcore.app.bus import bus

    if time.monotonic() < _next_opening:
        return None
    try:
        return bus()
    except Exception as error:  # noqa: BLE001  # as above: settings, a plugin, the database
        _next_opening = time.monotonic() + REOPEN_AFTER
        failed("no events are emitted", error)
        return None


def warm_up() -> None:
    """Do what the first event of a process that is forked from this one would have to do; never raises."""
    bus = _open()
    if bus is not None:
        try:
            bus.warm_up()
        except Exception as error:  # noqa: BLE001  # as above
            failed("events cannot be prepared for", error)


_told: dict[str, float] = {}


def failed(what: str, error: Exception) -> None:
    """Log it, unless the same was just said."""
    text = str(error).partition("\n")[0] or type(error).__name__
    now = time.monotonic()
    if now - _told.get(text, -TELL_AGAIN_AFTER) >= TELL_AGAIN_AFTER:
        _told[text] = now
        _logger.error("pulp-events: %s (%s: %s). See `pulp-admin event config check`", what, type(error).__name__, text)


def look_again() -> None:
    """Read listeners that changed; never raises."""
    wanted(None, "task.start")
