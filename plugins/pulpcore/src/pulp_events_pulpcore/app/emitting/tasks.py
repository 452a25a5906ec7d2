"""Tasks that begin and end, whichever process says so: the worker's child, a worker, one that cleans up, the API.

`task.finish` also tells of a task that was canceled while it waited: whoever waits for that task hears that it ended.
It has no start time then, and there was no `task.start`. `repo.sync.finish` is emitted only for a sync that began.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from pulpcore.constants import TASK_STATES
from pulpcore.plugin.models import Repository, Task

from pulp_events_pulpcore.app import payloads
from pulp_events_pulpcore.app.emitting import publications, task_groups, voice
from pulp_events_pulpcore.app.emitting.wrapping import wrap

_BEGUN = ("task.start", "repo.sync.start")
_ENDED = ("task.finish", "repo.sync.finish", task_groups.FINISH, publications.FINISH)


def install() -> None:
    """Wrap the methods by which a task begins and ends."""
    wrap(Task, "set_running", _begin)
    for name in ("set_completed", "set_failed", "set_canceled"):
        wrap(Task, name, _end)


def _begin(original: Callable[..., Any], task: Task, *args: Any, **kwargs: Any) -> Any:
    wanted = voice.wanted(task.pulp_domain_id, *_BEGUN)
    if not wanted:
        return original(*args, **kwargs)
    with transaction.atomic():
        result = original(*args, **kwargs)
        stored = _Stored(task)
        if "task.start" in wanted:
            voice.emit("task.start", task.pulp_domain_id, lambda: payloads.task_started(stored()))
        if "repo.sync.start" in wanted:
            voice.emit("repo.sync.start", task.pulp_domain_id, lambda: payloads.sync_started(stored(), stored.synced()))
    return result


def _end(original: Callable[..., Any], task: Task, *args: Any, **kwargs: Any) -> Any:
    wanted = voice.wanted(task.pulp_domain_id, *_ENDED)
    if not wanted:
        return original(*args, **kwargs)
    with transaction.atomic():
        result = original(*args, **kwargs)
        # Without a change it returns, too: set_completed leaves a task alone that is being canceled.
        if task.state in (TASK_STATES.COMPLETED, TASK_STATES.FAILED, TASK_STATES.CANCELED):
            _ended(task, wanted)
    return result


def _ended(task: Task, wanted: frozenset[str]) -> None:
    domain, stored = task.pulp_domain_id, _Stored(task)
    if publications.FINISH in wanted and task.state != TASK_STATES.COMPLETED:
        publications.abandoned(task)
    if "repo.sync.finish" in wanted:
        voice.emit(
            "repo.sync.finish", domain, lambda: payloads.sync_finished(stored(), stored.synced(must_have_begun=True))
        )
    if "task.finish" in wanted:
        voice.emit("task.finish", domain, lambda: payloads.task_finished(stored()))
    if task_groups.FINISH in wanted:
        task_groups.task_ended(task)


class _Stored:
    """The task as the transaction sees it, read when it is first asked for.

    The object at hand may be older than what another process wrote, and a worker's lacks most fields.
    """

    def __init__(self, task: Task) -> None:
        self._pk = task.pk
        self._found: Task | None = None

    def __call__(self) -> Task:
        if self._found is None:
            self._found = Task.objects.select_related("pulp_domain").get(pk=self._pk)
        return self._found

    def synced(self, must_have_begun: bool = False) -> Repository:
        """The repository that it synchronizes. Raises NoSuchEvent if it is no sync."""
        task = self()
        found = None if must_have_begun and task.started_at is None else payloads.synced_repository(task)
        if found is None:
            raise voice.NoSuchEvent
        return found
