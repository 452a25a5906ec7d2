"""The event types that ship with core: what a repository does, and what `own` has."""

from __future__ import annotations

from typing import Any

from pulp_events.events.event_type import EventType
from pulp_events.events.own import OWN_EVENT_TYPES

_VERSION = "1"
_OPTIONAL_TEXT = ["string", "null"]


def _object(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _repository(past: bool) -> dict[str, Any]:
    """What is said of every operation of a repository."""
    return {
        "repo_id": {
            "type": "string",
            "description": f"repository that {'was' if past else 'is'} worked on",
            "examples": ["pulp2"],
        },
        "start_time": {
            "type": "string",
            "format": "date-time",
            "description": "when the operation began, ISO 8601",
            "examples": ["2012-10-19T19:09:16Z"],
        },
        "end_time": {
            "type": "string",
            "format": "date-time",
            "description": "when the operation ended, ISO 8601",
            "examples": ["2012-10-19T19:11:21Z"],
        },
        "user": {
            "type": _OPTIONAL_TEXT,
            "description": "login of the user who initiated the operation",
            "examples": ["admin"],
        },
        "task_id": {
            "type": _OPTIONAL_TEXT,
            "description": f"task that {'carried' if past else 'carries'} the operation out",
            "examples": ["79be77a8-1a20-11e2-aeb9-1803731e94c4"],
        },
    }


def _start() -> dict[str, Any]:
    properties = _repository(past=False)
    del properties["end_time"]
    return _object(["repo_id"], properties)


def _finish(count: str, items: str) -> dict[str, Any]:
    result = {
        # An application may have further results, such as "canceled".
        "result": {"type": "string", "description": '"success" or "failed"', "examples": ["success"]},
        "error_message": {
            "type": _OPTIONAL_TEXT,
            "description": "what went wrong, null on success",
            "examples": [None],
        },
        # Pulp 2 had a list here.
        "traceback": {
            "type": ["string", "array", "null"],
            "description": "where it went wrong, null on success",
            "examples": [None],
        },
        count: {"type": ["integer", "null"], "description": f"number of items {items}", "examples": [12]},
    }
    return _object(["repo_id"], {**_repository(past=True), **result})


BUILTIN_EVENT_TYPES = (
    EventType(
        "repo.sync.start", "Fires when any repository starts a sync operation.", schema=_start(), version=_VERSION
    ),
    EventType(
        "repo.sync.finish",
        "Fires when any repository finishes a sync operation.",
        schema=_finish("added_count", "imported"),
        version=_VERSION,
    ),
    EventType(
        "repo.publish.start", "Fires when any repository starts a publish operation.", schema=_start(), version=_VERSION
    ),
    EventType(
        "repo.publish.finish",
        "Fires when any repository finishes a publish operation.",
        schema=_finish("published_count", "published"),
        version=_VERSION,
    ),
    *OWN_EVENT_TYPES,
)
