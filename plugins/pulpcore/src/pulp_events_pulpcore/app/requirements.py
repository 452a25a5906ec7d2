"""What this plugin relies on in pulpcore, beyond what `pulpcore.plugin` promises."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import Parameter, signature
from types import ModuleType
from typing import Any

from django.core.exceptions import FieldDoesNotExist


@dataclass(frozen=True)
class Needed:
    """An attribute, method or field of a class or module, and what it is needed for."""

    owner: Any
    name: str
    purpose: str
    arguments: tuple[str, ...] = ()
    """Parameters of a method that are passed, beside `self`."""

    def fault(self) -> str | None:
        """What is missing, as the end of a sentence; None if all is in place."""
        kind = self.owner if isinstance(self.owner, type | ModuleType) else type(self.owner)
        where = f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else kind.__name__
        found = getattr(self.owner, self.name, None)
        if found is None:
            return f"{where}.{self.name} is missing"
        if not self.arguments:
            return None
        if not callable(found):
            return f"{where}.{self.name} is no method"
        known = signature(found).parameters
        if any(each.kind is Parameter.VAR_KEYWORD for each in known.values()):
            return None
        missing = [each for each in self.arguments if each not in known]
        return f"{where}.{self.name}() takes no {' and no '.join(missing)}" if missing else None


@dataclass(frozen=True)
class NeededField:
    """A field, or a relation that leads here, of a model."""

    owner: Any
    name: str
    purpose: str

    def fault(self) -> str | None:
        """What is missing, as the end of a sentence; None if all is in place."""
        try:
            self.owner._meta.get_field(self.name)
        except FieldDoesNotExist:
            return f"{self.owner.__module__}.{self.owner.__qualname__} has no field {self.name}"
        return None


STATES, REPORT, SYNC = "to see tasks start and end", "for the report of an event", "to tell which tasks are syncs"
PUBLISH, VERSIONS, GROUPS = "to see publications", "to see repository versions", "to see task groups end"


def needed() -> Iterator[Needed | NeededField]:
    """All of them. pulpcore's models are loaded."""
    from pulpcore import constants
    from pulpcore.app import models, role_util, util

    task, group, publication = models.Task, models.TaskGroup, models.Publication
    repository, version, details = models.Repository, models.RepositoryVersion, models.RepositoryVersionContentDetails
    yield Needed(task, "set_running", STATES)
    yield Needed(task, "set_completed", STATES)
    yield Needed(task, "set_failed", STATES, ("exc", "tb"))
    yield Needed(task, "set_canceling", STATES)
    yield Needed(task, "set_canceled", STATES, ("final_state", "reason"))
    yield Needed(task, "current", PUBLISH)
    yield Needed(role_util, "get_users_with_perms", REPORT, ("obj", "with_group_users", "include_model_permissions"))
    yield Needed(publication, "save", PUBLISH)
    yield Needed(publication, "delete", PUBLISH)
    yield Needed(version, "save", VERSIONS)
    yield Needed(version, "_compute_counts", VERSIONS)
    yield Needed(repository, "cast", REPORT)
    yield Needed(util, "get_url", REPORT, ("model", "domain"))
    yield from (Needed(details, each, REPORT) for each in ("ADDED", "REMOVED", "PRESENT"))
    yield from (Needed(constants.TASK_STATES, each, STATES) for each in ("COMPLETED", "FAILED", "CANCELED"))
    yield Needed(constants, "TASK_FINAL_STATES", STATES)
    yield Needed(constants, "TASK_INCOMPLETE_STATES", GROUPS)
    yield from _fields(task, STATES, "state", "started_at", "finished_at", "error", "task_group", "pulp_domain")
    yield from _fields(task, REPORT, "name", "logging_cid", "parent_task", "progress_reports", "created_resources")
    yield from _fields(task, SYNC, "reserved_resources_record")
    yield from _fields(group, GROUPS, "tasks", "description", "group_progress_reports", "pulp_domain")
    yield from _fields(publication, PUBLISH, "complete", "repository_version", "pulp_created", "pulp_domain")
    yield from _fields(version, VERSIONS, "complete", "number", "repository", "pulp_created")
    yield from _fields(repository, REPORT, "name", "pulp_type", "pulp_labels", "pulp_domain")
    yield from _fields(details, REPORT, "count_type", "content_type", "count", "repository_version")
    yield from _fields(models.CreatedResource, REPORT, "task", "object_id", "content_type", "pulp_created")
    yield from _fields(models.ProgressReport, REPORT, "code", "message", "state", "done", "total")
    yield from _fields(models.GroupProgressReport, REPORT, "code", "message", "done", "total")


def _fields(model: Any, purpose: str, *names: str) -> Iterator[NeededField]:
    return (NeededField(model, name, purpose) for name in names)
