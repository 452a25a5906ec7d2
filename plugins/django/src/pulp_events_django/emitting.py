"""Events in the transactions of a project."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import connections, transaction

from pulp_events import Event, EventModel
from pulp_events.bus.homes import stand_in
from pulp_events.bus.refusals import LOG
from pulp_events.errors import EventsError
from pulp_events.events.jsonable import to_jsonable
from pulp_events_django.project_settings import database, named_database, on_error
from pulp_events_django.unopened import open_bus, refused


def emit(event_type: str | EventModel, payload: Any = None, call_report: Any = None, **options: Any) -> Event:
    """`EventBus.emit` of the project's bus, in the transaction under way.

    Where PULP_EVENTS_DATABASE names a database and a transaction of it is under way (`atomic`, ATOMIC_REQUESTS), the
    event exists if and only if that commits. Otherwise it is stored at once. `options`: as of `EventBus.emit`.
    """
    alias = database()
    if alias is None and stand_in() is not None:  # a test that records events: in memory, the transaction counts, too
        alias = named_database()
    if alias is not None and connections[alias].in_atomic_block:
        options.setdefault("connection", connections[alias])
    return _emit(event_type, payload, call_report, options)


def emit_on_commit(
    event_type: str | EventModel,
    payload: Any = None,
    call_report: Any = None,
    *,
    using: str | None = None,
    **options: Any,
) -> None:
    """Emit after the commit of the transaction of `using`; never, if it is rolled back.

    For events that are not in Django's database. A process that dies between the commit and this loses the event; with
    PULP_EVENTS_DATABASE, `emit` loses none. The payload is the one of now, and is refused now if it is not valid.
    """
    if isinstance(event_type, str):
        _check(event_type)
    given = (_as_now(payload, "payload"), _as_now(call_report, "call_report"))
    transaction.on_commit(partial(_emit, event_type, *given, options), using=using)


def _emit(event_type: str | EventModel, payload: Any, call_report: Any, options: dict[str, Any]) -> Event:
    try:
        bus = open_bus()
    except EventsError as error:
        return refused(error, (event_type, payload, call_report, options.get("id")))
    if isinstance(event_type, str):
        return bus.emit(event_type, payload, call_report, **options)
    return bus.emit(event_type, call_report=call_report, **options)


def _check(event_type: str) -> None:
    try:
        open_bus().event_types.require(event_type)
    except EventsError:
        if on_error() != LOG:
            raise  # else it is logged after the commit


def _as_now(given: Any, name: str) -> Any:
    return given if given is None or callable(given) else to_jsonable(given, name)
