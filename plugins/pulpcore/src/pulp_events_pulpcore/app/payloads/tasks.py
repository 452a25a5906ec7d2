"""`task.start` and `task.finish`."""

from typing import Any

from pulp_events_pulpcore.app.payloads import bounds
from pulp_events_pulpcore.app.payloads.errors import error_fields
from pulp_events_pulpcore.app.payloads.report import RESULTS, Report, call_report, task_fields


def task_started(task: Any) -> Report:
    """A task that runs now."""
    return Report(_common(task), call_report(task))


def task_finished(task: Any) -> Report:
    """A task that is completed, failed or canceled."""
    ended = {
        "end_time": bounds.time(task.finished_at),
        "result": RESULTS[task.state],
        **error_fields(task.error),
        **_created(task),
    }
    return Report({**_common(task), **ended}, call_report(task, finished=True))


def _common(task: Any) -> dict[str, Any]:
    return {
        **task_fields(task),
        "domain": task.pulp_domain.name,
        "start_time": bounds.time(task.started_at),
        "resources": bounds.texts(task.reserved_resources_record),
    }


def _created(task: Any) -> dict[str, Any]:
    """The PRNs of what the task made, without a look at each: a task may have made thousands."""
    rows = list(task.created_resources.select_related("content_type").order_by("pulp_created")[: bounds.ITEMS + 1])
    count = len(rows) if len(rows) <= bounds.ITEMS else task.created_resources.count()
    prns = [f"prn:{row.content_type.app_label}.{row.content_type.model}:{row.object_id}" for row in rows]
    return {"created_count": count, "created": prns[: bounds.ITEMS]}
