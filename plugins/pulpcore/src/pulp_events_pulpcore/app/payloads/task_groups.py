"""`task_group.finish`."""

from typing import Any

from django.db.models import Count, Max, Min

from pulp_events_pulpcore.app.payloads import bounds
from pulp_events_pulpcore.app.payloads.progress import progress
from pulp_events_pulpcore.app.payloads.report import Report, user_of
from pulp_events_pulpcore.app.payloads.resources import href, prn


def task_group_finished(group: Any) -> Report:
    """A group with no task that is waiting or running."""
    rows = (
        group.tasks.order_by().values("state").annotate(n=Count("pk"), first=Min("started_at"), last=Max("finished_at"))
    )
    states = {row["state"]: row for row in rows}
    firsts = [row["first"] for row in states.values() if row["first"]]
    lasts = [row["last"] for row in states.values() if row["last"]]
    failed = group.tasks.filter(state="failed").order_by("finished_at").values_list("pk", flat=True)
    result = "failed" if "failed" in states else "canceled" if "canceled" in states else "success"
    payload = {
        "task_group_id": str(group.pk),
        "task_group_href": href(group, group.pulp_domain),
        "task_group_prn": prn(group),
        "description": bounds.clipped(group.description),
        "domain": group.pulp_domain.name,
        "user": user_of(group.tasks.order_by("pulp_created").first()),
        "start_time": bounds.time(min(firsts, default=None)),
        "end_time": bounds.time(max(lasts, default=None)),
        "result": result,
        "task_count": sum(row["n"] for row in states.values()),
        "tasks": {state: row["n"] for state, row in sorted(states.items())},
        "failed_task_ids": [str(pk) for pk in failed[: bounds.ITEMS]] if "failed" in states else [],
    }
    return Report(payload, {"task_group_id": str(group.pk), "progress": progress(group.group_progress_reports)})
