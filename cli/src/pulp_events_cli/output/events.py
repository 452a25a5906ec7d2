"""Stored events as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulp_events_cli.output.id_kinds import EVENT_ID
from pulp_events_cli.output.kinds import MOMENT
from pulp_events_cli.output.table import Column, Table

if TYPE_CHECKING:
    from pulp_events.outbox.stored_event import StoredEvent

SCOPE_NOT_KNOWN = "(not known)"


def scope_of(event: StoredEvent) -> str | None:
    """The scope for people to read; none where the event had none."""
    return event.scope if event.scope_known else SCOPE_NOT_KNOWN


EVENTS = Table(
    "events",
    Column("id", lambda event: event.id, kind=EVENT_ID, rank=0),
    Column("time", lambda event: event.time, kind=MOMENT, rank=2),
    Column("event_type", lambda event: event.event_type, rank=1, least=12, cut_start=True),
    Column("deliveries", lambda event: event.deliveries, rank=4, brief_heading="DEL", right=True),
    Column("erased", lambda event: event.erased, kind=MOMENT, rank=3),
    Column("source", lambda event: event.source, least=12, extra=True),
    Column("scope", scope_of, least=12, extra=True),
    Column("trace_id", lambda event: event.trace_id, least=12, extra=True),
)
"""The columns of `event list`."""


def full(event: StoredEvent) -> dict[str, Any]:
    """What `event show` says of the event itself."""
    shown = {"id": event.id, "event_type": event.event_type, "time": event.time, "source": event.source}
    more = {"scope": scope_of(event), "trace_id": event.trace_id, "erased": event.erased}
    return shown | {name: value for name, value in more.items() if value is not None}


def for_json(event: StoredEvent) -> dict[str, Any]:
    """An event for programs."""
    return {
        **full(event),
        "scope": event.scope,
        "scope_known": event.scope_known,
        "trace_id": event.trace_id,
        "erased": event.erased,
        "deliveries": event.deliveries,
        "report": event.body(),
    }
