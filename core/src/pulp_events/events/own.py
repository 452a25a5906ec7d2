"""The event types by which the event system tells of itself: what each says, and its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulp_events.events import own_names as names
from pulp_events.events.event_type import EventType

_VERSION = "1"
_MOMENT = {"type": "string", "format": "date-time"}

_LISTENER: Mapping[str, Any] = {
    "listener_id": {"type": "string", "description": "the listener", "examples": ["5081a42ce19a00ea4300000e"]},
    "notifier_type_id": {"type": "string", "description": "its notifier type", "examples": ["http"]},
    "name": {"type": ["string", "null"], "description": "its name", "examples": ["ci-hook"]},
    "description": {"type": ["string", "null"], "description": "what it is for", "examples": ["starts the build"]},
    "labels": {
        "type": "object",
        "description": "its labels, such as who owns it",
        "additionalProperties": {"type": "string"},
        "examples": [{"owner": "ada"}],
    },
    "event_types": {
        "type": "array",
        "items": {"type": "string"},
        "description": "what it listens to",
        "examples": [["repo.sync.*"]],
    },
    "scope": {"type": ["string", "null"], "description": "its scope", "examples": [None]},
    "author": {"type": ["string", "null"], "description": "who made it, null: an administrator", "examples": [None]},
}
"""What every event about a listener says of it. Nothing of its configuration is among this."""

_LAST_ERROR = {
    "type": "string",
    "description": "what the last attempt that failed came to, its first line",
    "examples": ["connection refused"],
}
_SINCE = {
    **_MOMENT,
    "description": "the minute in which the first of them became so, ISO 8601; after hours without a look, the hour",
    "examples": ["2012-10-19T19:00:00Z"],
}


def _about_listener(name: str, description: str, properties: Mapping[str, Any]) -> EventType:
    # `labels` and the like came later than the first of these types: a payload without them is none that is wrong.
    required = ["listener_id", "notifier_type_id", *properties]
    schema = {"type": "object", "required": required, "properties": {**_LISTENER, **properties}}
    return EventType(name, description, own=True, schema=schema, version=_VERSION)


OWN_EVENT_TYPES = (
    _about_listener(
        names.LISTENER_DISABLED,
        "Fires when a listener is disabled because nothing could be delivered to it any more.",
        {
            "reason": {
                "type": "string",
                "description": "why: how long it failed and how, or what the receiver said",
                "examples": ["nothing was delivered for 5d: connection refused"],
            },
        },
    ),
    _about_listener(
        names.LISTENER_FAILING,
        "Fires when several attempts in a row to deliver to a listener have failed.",
        {
            "failing_since": {
                **_MOMENT,
                "description": "time of the first failure since the last success, ISO 8601",
                "examples": ["2012-10-19T19:09:16Z"],
            },
            "failures": {"type": "integer", "description": "failures since then", "examples": [3]},
            "last_error": _LAST_ERROR,
        },
    ),
    _about_listener(
        names.LISTENER_RECOVERED,
        "Fires when something was delivered to a listener that was failing.",
        {
            "failing_since": {
                **_MOMENT,
                "description": "since when it had been failing, ISO 8601",
                "examples": ["2012-10-19T19:09:16Z"],
            },
            "recovered": {
                **_MOMENT,
                "description": "time of its last success, ISO 8601",
                "examples": ["2012-10-19T20:15:00Z"],
            },
        },
    ),
    _about_listener(
        names.LISTENER_CHANGED,
        "Fires when a listener is created, changed or deleted.",
        {
            "action": {
                "type": "string",
                "description": "the last change: created, updated, enabled, disabled, muted, unmuted or deleted",
                "examples": ["updated"],
            },
            "by": {"type": "string", "description": "who made it", "examples": ["admin"]},
            "time": {**_MOMENT, "description": "when, ISO 8601", "examples": ["2012-10-19T19:09:16Z"]},
            "changed": {
                "type": "array",
                "items": {"type": "string"},
                "description": "which of its attributes differ, without their values; none if created or deleted",
                "examples": [["event_types", "notifier_config.url"]],
            },
            "count": {"type": "integer", "description": "changes that this event tells of", "examples": [1]},
        },
    ),
    _about_listener(
        names.DELIVERY_DEAD,
        "Fires when deliveries to a listener have become dead: their attempts are used up, or they have expired.",
        {
            "count": {"type": "integer", "description": "deliveries that this event tells of", "examples": [3]},
            "since": _SINCE,
            "last_error": _LAST_ERROR,
        },
    ),
    _about_listener(
        names.DELIVERY_EXPIRING,
        "Fires when only one more attempt is left to deliveries to a listener.",
        {
            "count": {"type": "integer", "description": "deliveries that this event tells of", "examples": [3]},
            "since": _SINCE,
            "last_error": _LAST_ERROR,
        },
    ),
    EventType(
        names.OUTBOX_BACKLOG,
        "Fires when too much waits to be delivered, or waits for too long, and when that is over.",
        own=True,
        schema={
            "type": "object",
            "required": ["status", "pending", "oldest_pending"],
            "properties": {
                "status": {
                    "type": "string",
                    "enum": ["exceeded", "cleared"],
                    "description": "exceeded: beyond one of the limits of [about]; cleared: no more",
                    "examples": ["exceeded"],
                },
                "pending": {"type": "integer", "description": "pending deliveries", "examples": [120000]},
                "oldest_pending": {
                    "type": ["string", "null"],
                    "format": "date-time",
                    "description": "time of the oldest event with one, ISO 8601; null where it is not looked at",
                    "examples": ["2012-10-19T19:09:16Z"],
                },
            },
        },
        version=_VERSION,
    ),
)
