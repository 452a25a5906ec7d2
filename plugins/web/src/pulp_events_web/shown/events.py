"""Events as they are shown, and why each went where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulp_events import Event
from pulp_events.bus.past import PastExplanation
from pulp_events.outbox.stored_event import EventQuery, StoredEvent


def query_of(given: Mapping[str, Any]) -> EventQuery:
    """The query for these filters; those that are None or not given stand for any. Raises EventsError."""
    wanted: dict[str, Any] = {name: given.get(name) for name in ("since", "until", "error", "scope", "id_prefix")}
    types = given.get("event_type")
    return EventQuery(**wanted, event_types=[types] if types else None)


def shown(event: StoredEvent) -> dict[str, Any]:
    """A stored event without its report."""
    return {
        "id": event.id,
        "event_type": event.event_type,
        "time": event.time,
        "source": event.source,
        "scope": event.scope,
        "trace_id": event.trace_id,
        "deliveries": event.deliveries,
        "erased": event.erased,
    }


def in_full(event: StoredEvent) -> dict[str, Any]:
    """A stored event with its report, as it leaves. Raises StoreCorrupt if that is damaged."""
    return {**shown(event), "report": event.body()}


def emitted(event: Event) -> dict[str, Any]:
    """An event that was just emitted, or was before with the same key: the same answer both times."""
    from pulp_events.frozen import thaw

    return {
        "id": event.id,
        "event_type": event.event_type,
        "time": event.time,
        "source": event.source,
        "trace_id": event.trace_id,
        "report": thaw(event.report()),
    }


def explained(found: PastExplanation) -> dict[str, Any]:
    """Why an event went to one listener or not."""
    return {
        "listener_id": found.listener_id,
        "listener_name": None if found.listener is None else found.listener.name,
        "gets": found.gets,
        "cause": found.cause,
        "reason": found.reason,
        "doubt": found.doubt,
        "deliveries": [each.id for each in found.deliveries],
        "delivery_count": found.delivery_count,
        "changed_since": len(found.changed),
    }
