"""`repo.publish.start` and `repo.publish.finish`."""

import sys
from typing import Any

from django.utils import timezone
from pulpcore.app.models import CreatedResource, Repository, Task

from pulp_events_pulpcore.app.payloads import bounds
from pulp_events_pulpcore.app.payloads.counts import published_fields
from pulp_events_pulpcore.app.payloads.errors import NOTHING, error_fields, raised
from pulp_events_pulpcore.app.payloads.report import Report, call_report, repository_tags, task_fields
from pulp_events_pulpcore.app.payloads.resources import href, prn, repository_fields, version_fields

INCOMPLETE = "the task ended before the publication was complete"


def publish_started(publication: Any) -> Report:
    """A publication that was saved for the first time."""
    task, repository = _task(publication), _repository(publication)
    report = call_report(task, tags=repository_tags(repository, "publish"))
    return Report(_common(publication, task, repository), report)


def publish_finished(publication: Any, result: str, reason: str | None = None) -> Report:
    """A publication that is complete (`result` is `success`), or is about to be deleted (`failed` or `canceled`).

    The error is the exception that is being handled, if any, and `reason` or what is said of the task otherwise.
    """
    task, repository = _task(publication), _repository(publication)
    success = result == "success"
    counts = published_fields(publication.repository_version) if success else {"published_count": 0, "published": {}}
    ended = {
        "end_time": bounds.time(timezone.now()),
        "result": result,
        **(dict(NOTHING) if success else _error(task, reason)),
        **counts,
    }
    report = call_report(task, tags=repository_tags(repository, "publish"), finished=True)
    # The task goes on: what became of it is not known yet.
    report = report and {
        **report,
        "result": result,
        "exception": ended["error_message"],
        "traceback": ended["traceback"],
    }
    return Report({**_common(publication, task, repository), **ended}, report)


def _common(publication: Any, task: Any, repository: Any) -> dict[str, Any]:
    return {
        **repository_fields(repository),
        **task_fields(task),
        "start_time": bounds.time(publication.pulp_created),
        **version_fields(publication.repository_version, repository),
        "publication_href": href(publication, publication.pulp_domain),
        "publication_prn": prn(publication),
    }


def _repository(publication: Any) -> Any:
    version = publication.repository_version
    if "repository" in version._state.fields_cache:
        return version.repository.cast()
    return Repository.objects.select_related("pulp_domain").get(pk=version.repository_id).cast()


def _task(publication: Any) -> Any | None:
    """The task that publishes: this one, or of a publication that another process has left behind, that one."""
    current = Task.current()
    if current is not None:
        return current
    made = CreatedResource.objects.filter(object_id=publication.pk).select_related("task").first()
    return None if made is None else made.task


def _error(task: Any, reason: str | None) -> dict[str, Any]:
    error = sys.exception()
    if error is not None and not isinstance(error, SystemExit):  # by which a worker's child is canceled
        return error_fields(raised(error))
    return error_fields((task.error if task is not None else None) or {"reason": reason or INCOMPLETE})
