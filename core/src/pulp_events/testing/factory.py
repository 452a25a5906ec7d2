"""Events and deliveries for tests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pulp_events.events.event import Event
from pulp_events.events.jsonable import to_jsonable
from pulp_events.events.report import serialise
from pulp_events.events.trace_context import NO_TRACE
from pulp_events.outbox.delivery import Delivery
from pulp_events.system.clock import from_timestamp
from pulp_events.system.ids import new_event_id, new_listener_id


def make_event(
    event_type: str = "repo.sync.start",
    payload: Mapping[str, Any] | None = None,
    call_report: Mapping[str, Any] | None = None,
    **attributes: Any,
) -> Event:
    """An event as `emit` would make it; `attributes`: id, time, source, trace_context."""
    now = time.time()
    values = {"id": new_event_id(now), "time": from_timestamp(now), "source": "test", **attributes}
    return Event(
        event_type=event_type,
        payload=to_jsonable({"repo_id": "test"} if payload is None else payload, "payload"),
        call_report=to_jsonable(call_report or {}, "call_report"),
        **values,
    )


def make_delivery(
    event_type: str = "repo.sync.start",
    payload: Mapping[str, Any] | None = None,
    call_report: Mapping[str, Any] | None = None,
    *,
    target: str = "",
    attempts: int = 1,
    trace_context: Mapping[str, str] = NO_TRACE,
) -> Delivery:
    """A delivery of such an event, to pass to a channel's `send`."""
    event = make_event(event_type, payload, call_report)
    return Delivery(
        id=f"{event.id}.0",
        event_id=event.id,
        event_type=event.event_type,
        event_time=event.time,
        source=event.source,
        report=serialise(event, 64 * 1024 * 1024),
        listener_id=new_listener_id(),
        target=target,
        attempts=attempts,
        trace_context=trace_context,
    )
