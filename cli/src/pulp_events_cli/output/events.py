"""Stored events as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulp_events_cli.output.text import local_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulp_events.outbox.stored_event import StoredEvent

HEADINGS = ("ID", "TIME", "EVENT TYPE", "DELIVERIES")


def row(event: StoredEvent) -> Sequence[Any]:
    """A line of `event list`."""
    return (event.id, local_time(event.time), event.event_type, event.deliveries)


def full(event: StoredEvent) -> dict[str, Any]:
    """What `event show` says of the event itself."""
    shown = {"id": event.id, "event_type": event.event_type, "time": event.time, "source": event.source}
    return shown if event.erased is None else {**shown, "erased": event.erased}


def for_json(event: StoredEvent) -> dict[str, Any]:
    """An event for programs."""
    return {**full(event), "erased": event.erased, "deliveries": event.deliveries, "report": event.body()}
