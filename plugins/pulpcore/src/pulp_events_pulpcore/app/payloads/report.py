"""`Report`, and what every event says of the task that did the work."""

from typing import Any, NamedTuple

from pulpcore.app.role_util import get_users_with_perms

from pulp_events_pulpcore.app.payloads import bounds
from pulp_events_pulpcore.app.payloads.errors import NOTHING, error_fields
from pulp_events_pulpcore.app.payloads.progress import progress
from pulp_events_pulpcore.app.payloads.resources import href, prn


class Report(NamedTuple):
    """What `bus.emit` takes after the event type."""

    payload: dict[str, Any]
    call_report: dict[str, Any]


RESULTS = {"completed": "success", "failed": "failed", "canceled": "canceled"}
"""State of a task that ended → `result`."""

_REMEMBERED = "_pulp_events_user"


def user_of(task: Any) -> str | None:
    """Login of who started the task, None if Pulp did so by itself.

    pulpcore looks it up by two queries; it does not change, so one object of a task asks once.
    """
    if task is None:
        return None
    if _REMEMBERED not in task.__dict__:
        user = task.user if hasattr(type(task), "user") else _dispatcher(task)
        task.__dict__[_REMEMBERED] = None if user is None else bounds.clipped(user.get_username())
    return task.__dict__[_REMEMBERED]


def _dispatcher(task: Any) -> Any:
    """As pulpcore's worker looked for the user before `Task.user`."""
    for permission in ("core.add_task", "core.manage_roles_task"):
        users = get_users_with_perms(
            task,
            only_with_perms_in=[permission],
            with_group_users=False,
            include_model_permissions=False,
            include_domain_permissions=False,
        )
        if (found := users.first()) is not None:
            return found
    return None


def task_fields(task: Any) -> dict[str, Any]:
    """Who and what did the work; all null for work outside a task."""
    if task is None:
        return dict.fromkeys(
            ("user", "task_id", "task_href", "task_prn", "task_name", "parent_task_id", "task_group_id", "logging_cid")
        )
    return {
        "user": user_of(task),
        "task_id": str(task.pk),
        "task_href": href(task, task.pulp_domain),
        "task_prn": prn(task),
        "task_name": bounds.clipped(task.name),
        "parent_task_id": _text(task.parent_task_id),
        "task_group_id": _text(task.task_group_id),
        "logging_cid": bounds.clipped(task.logging_cid or "") or None,
    }


def call_report(task: Any, *, tags: tuple[str, ...] = (), finished: bool = False) -> dict[str, Any]:
    """The keys of the user guide's report. Empty for work outside a task. `finished`: with the progress, by a query.

    `schedule_id` and `reasons` are always empty: Pulp 3 keeps neither with a task.
    """
    if task is None:
        return {}
    error = error_fields(task.error) if finished else dict(NOTHING)
    return {
        "task_group_id": _text(task.task_group_id),
        "exception": error["error_message"],
        "task_id": str(task.pk),
        "tags": bounds.texts(tags),
        "reasons": [],
        "start_time": bounds.time(task.started_at),
        "traceback": error["traceback"],
        "schedule_id": None,
        "finish_time": bounds.time(task.finished_at),
        "state": task.state,
        "result": RESULTS.get(task.state) if finished else None,
        "progress": progress(task.progress_reports) if finished else {},
        "principal_login": user_of(task),
        "response": "accepted",
    }


def repository_tags(repository: Any, action: str) -> tuple[str, ...]:
    """As Pulp 2 tagged its tasks."""
    return (f"pulp:repository:{repository.name}", f"pulp:action:{action}")


def _text(found: object) -> str | None:
    return None if found is None else str(found)
