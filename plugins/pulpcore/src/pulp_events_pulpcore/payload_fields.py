"""Every key of the payloads, described once: event types, documents and tests are made of this. No Django here."""

from typing import Any

_TASK = "79be77a8-1a20-11e2-aeb9-1803731e94c4"
_REPOSITORY = "0190a3f2-6c1e-7d24-9f0b-2b4c8f3d5a61"
_AT = "/pulp/api/v3/repositories/file/file/" + _REPOSITORY + "/"


def _text(description: str, example: str | None) -> dict[str, Any]:
    return {"type": "string", "description": description, "examples": [example]}


def _optional(description: str, example: str | None) -> dict[str, Any]:
    return {"type": ["string", "null"], "description": description, "examples": [example]}


def _time(description: str, example: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "format": "date-time", "description": description, "examples": [example]}


def _count(description: str, example: int) -> dict[str, Any]:
    return {"type": "integer", "description": description, "examples": [example]}


def _counts(description: str, example: dict[str, int]) -> dict[str, Any]:
    values = {"type": "integer"}
    return {"type": "object", "additionalProperties": values, "description": description, "examples": [example]}


def _texts(description: str, *examples: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": description, "examples": [list(examples)]}


REPOSITORY = {
    "repo_id": _text("name of the repository", "pulp2"),
    "repo_href": _optional("its path in the REST API", _AT),
    "repo_prn": _text("its Pulp Resource Name", f"prn:file.filerepository:{_REPOSITORY}"),
    "repo_type": _text("its type", "file.file"),
    "repo_labels": {
        "type": "object",
        "additionalProperties": {"type": ["string", "null"]},
        "description": "its labels, the first 50",
        "examples": [{"stage": "production"}],
    },
}
DOMAIN = {"domain": _text("name of the domain", "default")}
USER = {"user": _optional("login of who started the task, null if Pulp did", "admin")}
TASK = {
    **USER,
    "task_id": _optional("the task", _TASK),
    "task_href": _optional("its path in the REST API", f"/pulp/api/v3/tasks/{_TASK}/"),
    "task_prn": _optional("its Pulp Resource Name", f"prn:core.task:{_TASK}"),
    "task_name": _optional("its function", "pulp_file.app.tasks.synchronizing.synchronize"),
    "parent_task_id": _optional("the task that started it", None),
    "task_group_id": _optional("the group of the task", None),
    "logging_cid": _optional("its correlation id in Pulp's logs", "b3c7f1d2a5e84c0f9d6e1a2b3c4d5e6f"),
}
START = {"start_time": _time("when it began, ISO 8601", "2012-10-19T19:09:16Z")}
END = {"end_time": _time("when it ended, ISO 8601", "2012-10-19T19:11:21Z")}
RESULT = {
    "result": {
        "type": "string",
        "enum": ["success", "failed", "canceled"],
        "description": "success, failed or canceled",
        "examples": ["success"],
    }
}
ERROR = {
    "error_message": _optional("what went wrong, or why it was canceled; at most 4,000 bytes", None),
    "error_code": _optional("Pulp's code for the error, such as PLP0000", None),
    "traceback": _optional("where it went wrong; the last 20,000 bytes", None),
}
VERSION = {
    "version_number": {
        "type": ["integer", "null"],
        "description": "number of the repository version; null if none was made",
        "examples": [2],
    },
    "version_href": _optional("its path in the REST API", f"{_AT}versions/2/"),
    "version_prn": _optional(
        "its Pulp Resource Name", "prn:core.repositoryversion:0190a3f2-7a55-7c0e-8a41-6b1d9f2e4c73"
    ),
}
CHANGES = {
    "added_count": _count("number of items imported", 12),
    "removed_count": _count("number of items removed", 1),
    "present_count": {
        "type": ["integer", "null"],
        "description": "number of items in the version; null if none was made",
        "examples": [112],
    },
    "added": _counts("items imported, by content type", {"file.file": 12}),
    "removed": _counts("items removed, by content type", {"file.file": 1}),
    "present": _counts("items in the version, by content type", {"file.file": 112}),
}
PUBLICATION = {
    "publication_href": _optional(
        "path of the publication in the REST API",
        "/pulp/api/v3/publications/file/file/0190a3f2-8b10-7f3a-b2c6-4e5f6a7b8c9d/",
    ),
    "publication_prn": _text("its Pulp Resource Name", "prn:file.filepublication:0190a3f2-8b10-7f3a-b2c6-4e5f6a7b8c9d"),
}
PUBLISHED = {
    "published_count": _count("number of items published", 112),
    "published": _counts("items published, by content type", {"file.file": 112}),
}
RESOURCES = {
    "resources": _texts(
        "what the task works on, by PRN (by href in older releases of Pulp), the first 50; `shared:` is read only",
        f"prn:file.filerepository:{_REPOSITORY}",
    )
}
CREATED = {
    "created_count": _count("number of resources that the task created", 1),
    "created": _texts(
        "their Pulp Resource Names, the first 50", "prn:core.repositoryversion:0190a3f2-7a55-7c0e-8a41-6b1d9f2e4c73"
    ),
}
GROUP = {
    "task_group_id": _text("the task group", "aaa8f2ec-964c-4d62-bba9-3191aad9c3ea"),
    "task_group_href": _optional(
        "its path in the REST API", "/pulp/api/v3/task-groups/aaa8f2ec-964c-4d62-bba9-3191aad9c3ea/"
    ),
    "task_group_prn": _text("its Pulp Resource Name", "prn:core.taskgroup:aaa8f2ec-964c-4d62-bba9-3191aad9c3ea"),
    "description": _text("what it is for", "Import of pulp2"),
}
TASKS = {
    "task_count": _count("number of its tasks", 3),
    "tasks": _counts("number of its tasks, by state", {"completed": 3}),
    "failed_task_ids": _texts("those that failed, the first 50"),
}

PAYLOADS: dict[str, dict[str, Any]] = {
    "repo.sync.start": {**REPOSITORY, **DOMAIN, **TASK, **START},
    "repo.sync.finish": {**REPOSITORY, **DOMAIN, **TASK, **START, **END, **RESULT, **ERROR, **VERSION, **CHANGES},
    "repo.publish.start": {**REPOSITORY, **DOMAIN, **TASK, **START, **VERSION, **PUBLICATION},
    "repo.publish.finish": {
        **REPOSITORY, **DOMAIN, **TASK, **START, **VERSION, **PUBLICATION, **END, **RESULT, **ERROR, **PUBLISHED,
    },
    "repo.version.created": {**REPOSITORY, **DOMAIN, **TASK, **START, **END, **VERSION, **CHANGES},
    "task.start": {**TASK, **DOMAIN, **START, **RESOURCES},
    "task.finish": {**TASK, **DOMAIN, **START, **RESOURCES, **END, **RESULT, **ERROR, **CREATED},
    "task_group.finish": {**GROUP, **DOMAIN, **USER, **START, **END, **RESULT, **TASKS},
}  # fmt: skip
"""Event type → key → JSON Schema of its value. Every payload has all of its keys, in this order."""


def schema_of(event_type: str) -> dict[str, Any]:
    """A JSON Schema of the payload. Nothing but the name is required: what is too large is left out of an event."""
    required = [key for key in ("repo_id", "task_id", "task_group_id") if key in PAYLOADS[event_type]][:1]
    return {"type": "object", "required": required, "properties": PAYLOADS[event_type]}
