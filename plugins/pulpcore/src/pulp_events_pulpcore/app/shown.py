"""A listener as the API shows it: its row with the attributes of its record, and no secret."""

import json
from dataclasses import asdict
from typing import Any

from pulp_events import Listener
from pulp_events.errors import ListenerNotFound
from pulp_events.listeners.document import from_document
from pulp_events.listeners.shown import config_shown
from pulp_events_pulpcore.app.bus import bus
from pulp_events_pulpcore.app.models import EventListener

ATTRIBUTES = (
    "description", "filter", "disabled_reason", "lanes", "timeout", "rate", "expires", "muted_until", "mute_reason",
    "mute_drops", "muted_by",
)  # fmt: skip


def listener_of(row: EventListener) -> Listener:
    """The record of a row: as it is now, where `bus.listeners` knows of a change by another process a moment later.

    Raises ListenerNotFound for a record that is broken, which the log tells of.
    """
    try:
        return from_document(json.loads(row.record))
    except ValueError as error:
        raise ListenerNotFound(f"the record of {row.listener_id} is broken: {error}") from None


def shown(row: EventListener, listener: Listener | None = None) -> EventListener:
    """The row, with what the serializer shows. Raises ListenerNotFound."""
    record = listener_of(row) if listener is None else listener
    for name in ATTRIBUTES:
        setattr(row, name, getattr(record, name))
    row.name = record.name
    row.enabled = record.enabled
    row.event_types = list(record.event_types)
    row.labels = dict(record.labels)
    row.retry_schedule = None if record.retry_schedule is None else list(record.retry_schedule)
    row.author = None if record.author is None else record.author.name
    row.notifier_config, row.hidden_fields = config_of(record)
    if record.muted_until is not None and not record.muted_for(bus().clock.time()):
        row.muted_until = row.mute_reason = row.muted_by = None
        row.mute_drops = False
    return row


def shown_all(rows: list[EventListener]) -> list[EventListener]:
    """Those of the rows whose listener there is."""
    found = []
    for row in rows:
        try:
            found.append(shown(row))
        except ListenerNotFound:
            pass  # a broken record; it is no listener
    return found


def config_of(listener: Listener) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The configuration without its secrets, and the names of those, each with whether it is set."""
    found = config_shown(bus().plugins, listener)
    return dict(found.config), [asdict(each) for each in found.secrets]
