"""A listener as the API shows it: its row with the attributes of its record, and no secret."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rest_framework.serializers import ValidationError

from pulp_events import EventBus, Listener
from pulp_events.errors import ListenerNotFound
from pulp_events.listeners.document import from_document
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import MASK, is_secret, secret_fields
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
    secret = secret_keys(bus().plugins, listener)
    redacted = bus().listeners.redacted(listener)
    config = {key: value for key, value in redacted.items() if key not in secret}
    return config, [{"name": key, "is_set": key in redacted} for key in sorted(secret)]


def secret_keys(plugins: Plugins, listener: Listener) -> set[str]:
    """Keys whose values are secrets; all, where the plugin that would know is not installed."""
    notifier = plugins.notifiers.get(listener.notifier_type_id)
    if notifier is None:
        return {key for key, value in bus().listeners.redacted(listener).items() if value == MASK}
    schema = notifier.config_schema()
    return secret_fields(schema) | {key for key in listener.notifier_config if is_secret(schema, key)}


def as_stored(opened: EventBus, listener: Listener, before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What is given, where that is not what is shown in place of what is stored: a URL without its password, say, which
    comes back with the rest of an answer."""
    redacted = opened.listeners.redacted(replace(listener, notifier_config=before))
    same = {key: before[key] for key, value in given.items() if key in before and value == redacted[key]}
    refuse_masks({key: value for key, value in given.items() if key not in same})
    return {**given, **same}


def refuse_masks(given: Mapping[str, Any]) -> None:
    """Raise ValidationError where a value has the mask of a secret in it: which secret that stands for is not known."""
    faults = {
        key: [f"It contains {MASK}, which stands for a secret that is not shown; give the secret itself."]
        for key, value in given.items()
        if MASK in json.dumps(value, ensure_ascii=False)
    }
    if faults:
        raise ValidationError({"notifier_config": faults})
