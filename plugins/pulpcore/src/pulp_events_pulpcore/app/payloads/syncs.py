"""`repo.sync.start` and `repo.sync.finish`."""

import re
from typing import Any

from django.apps import apps
from pulpcore.app.models import CreatedResource, Repository, RepositoryVersion

from pulp_events_pulpcore.app.payloads import bounds
from pulp_events_pulpcore.app.payloads.counts import change_fields
from pulp_events_pulpcore.app.payloads.errors import error_fields
from pulp_events_pulpcore.app.payloads.report import RESULTS, Report, call_report, repository_tags, task_fields
from pulp_events_pulpcore.app.payloads.resources import repository_fields, version_fields

SYNC_FUNCTIONS = frozenset({"synchronize", "sync"})
"""How the function of a sync is named in every content plugin."""

_PRN = re.compile(r"prn:([a-z0-9_]+\.[a-z0-9_]+):([0-9a-f-]{36})\Z")
_HREF = re.compile(r"/.*/repositories/[^/]+/[^/]+/([0-9a-f-]{36})/\Z")
"""Older releases of pulpcore name what a task works on by its href."""


def synced_repository(task: Any) -> Any | None:
    """The repository, of its detail model, that this task synchronises; None if it is no sync.

    A sync has a function of that name and works on a repository that nobody else may touch meanwhile. Thus the refresh
    of an alternate content source, which has none, is not one. No query unless it is one.
    """
    if str(task.name).rpartition(".")[2] not in SYNC_FUNCTIONS:
        return None
    for resource in task.reserved_resources_record or ():
        if (found := _repository(resource)) is not None:
            return found
    return None


def _repository(resource: str) -> Any | None:
    if by_prn := _PRN.match(resource):
        try:
            model = apps.get_model(by_prn[1])
        except (LookupError, ValueError):
            return None
        if not issubclass(model, Repository):
            return None
        found = model.objects.filter(pk=by_prn[2])
    elif by_href := _HREF.match(resource):
        found = Repository.objects.filter(pk=by_href[1])
    else:
        return None
    repository = found.select_related("pulp_domain").first()
    return None if repository is None else repository.cast()


def sync_started(task: Any, repository: Any) -> Report:
    """`repository` as `synced_repository` found it."""
    return Report(_common(task, repository), call_report(task, tags=repository_tags(repository, "sync")))


def sync_finished(task: Any, repository: Any) -> Report:
    """A sync that is completed, failed or canceled; the counts are of the version that it made, if any."""
    version = _version(task, repository)
    ended = {
        "end_time": bounds.time(task.finished_at),
        "result": RESULTS[task.state],
        **error_fields(task.error),
        **version_fields(version, repository),
        **change_fields(version),
    }
    report = call_report(task, tags=repository_tags(repository, "sync"), finished=True)
    return Report({**_common(task, repository), **ended}, report)


def _common(task: Any, repository: Any) -> dict[str, Any]:
    return {
        **repository_fields(repository),
        **task_fields(task),
        "start_time": bounds.time(task.started_at),
    }


def _version(task: Any, repository: Any) -> Any | None:
    made = CreatedResource.objects.filter(task_id=task.pk).values("object_id")
    versions = RepositoryVersion.objects.filter(repository_id=repository.pk, complete=True, pk__in=made)
    return versions.order_by("-number").first()
