"""The event types that ship with core: what a repository does."""

from __future__ import annotations

from pulp_events.events.event_type import EventType

_START = {
    "repo_id": "repository that is worked on",
    "start_time": "when the operation began, ISO 8601",
    "user": "login of the user who initiated the operation",
    "task_id": "task that carries the operation out",
}
_FINISH = {
    "repo_id": "repository that was worked on",
    "start_time": "when the operation began, ISO 8601",
    "end_time": "when the operation ended, ISO 8601",
    "user": "login of the user who initiated the operation",
    "task_id": "task that carried the operation out",
    "result": '"success" or "failed"',
    "error_message": "what went wrong, null on success",
    "traceback": "where it went wrong, null on success",
}

LISTENER_DISABLED = "listener.disabled"

BUILTIN_EVENT_TYPES = (
    EventType("repo.sync.start", "Fires when any repository starts a sync operation.", _START),
    EventType(
        "repo.sync.finish",
        "Fires when any repository finishes a sync operation.",
        {**_FINISH, "added_count": "number of items imported"},
    ),
    EventType("repo.publish.start", "Fires when any repository starts a publish operation.", _START),
    EventType(
        "repo.publish.finish",
        "Fires when any repository finishes a publish operation.",
        {**_FINISH, "published_count": "number of items published"},
    ),
    EventType(
        LISTENER_DISABLED,
        "Fires when a listener is disabled because nothing could be delivered to it any more.",
        {
            "listener_id": "the listener",
            "notifier_type_id": "its notifier type",
            "reason": "why: how long it failed and how, or what the receiver said",
        },
        own=True,
    ),
)
