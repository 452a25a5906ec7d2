"""`repo.version.created`."""

from typing import Any

from django.utils import timezone
from pulpcore.app.models import Task

from pulp_events_pulpcore.app.payloads import bounds
from pulp_events_pulpcore.app.payloads.counts import change_fields
from pulp_events_pulpcore.app.payloads.report import Report, call_report, repository_tags, task_fields
from pulp_events_pulpcore.app.payloads.resources import repository_fields, version_fields


def version_created(version: Any) -> Report:
    """A version that is complete, its content counted."""
    task, repository = Task.current(), version.repository.cast()
    payload = {
        **repository_fields(repository),
        **task_fields(task),
        "start_time": bounds.time(version.pulp_created),
        "end_time": bounds.time(timezone.now()),
        **version_fields(version, repository),
        **change_fields(version),
    }
    return Report(payload, call_report(task, tags=repository_tags(repository, "version")))
