"""Publications: begun with their row, finished when `complete` is stored, failed when the incomplete row is deleted.

Not tasks: a sync with autopublish or mirror publishes, too. What is stored decides, not what an object in memory holds.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import transaction
from pulpcore.constants import TASK_FINAL_STATES, TASK_STATES
from pulpcore.plugin.models import CreatedResource, Publication, Task

from pulp_events_pulpcore.app import payloads
from pulp_events_pulpcore.app.emitting import voice
from pulp_events_pulpcore.app.emitting.wrapping import wrap

START, FINISH = "repo.publish.start", "repo.publish.finish"


@dataclass(frozen=True)
class Ending:
    """What a task will be, and why."""

    state: str
    reason: str | None


ending: ContextVar[Ending | None] = ContextVar("pulp_events_ending", default=None)
"""Of the task whose leftovers a worker deletes at the moment."""


def install() -> None:
    """Wrap the methods by which a publication begins and ends."""
    wrap(Publication, "save", _save)
    wrap(Publication, "delete", _delete)


def _save(original: Callable[..., Any], publication: Publication, *args: Any, **kwargs: Any) -> Any:
    is_new = publication._state.adding
    fields = kwargs.get("update_fields")
    completes = publication.complete and (fields is None or "complete" in fields)
    if not is_new and not completes:
        return original(*args, **kwargs)
    domain = publication.pulp_domain_id
    wanted = voice.wanted(domain, *([START] if is_new else []), *([FINISH] if completes else []))
    if not wanted:
        return original(*args, **kwargs)
    with transaction.atomic():
        finishes = FINISH in wanted and (is_new or _is_open(publication))
        result = original(*args, **kwargs)
        if START in wanted:
            voice.emit(START, domain, lambda: payloads.publish_started(publication))
        if finishes:
            voice.emit(FINISH, domain, lambda: payloads.publish_finished(publication, "success"))
    return result


def _delete(original: Callable[..., Any], publication: Publication, *args: Any, **kwargs: Any) -> Any:
    domain = publication.pulp_domain_id
    if not voice.wanted(domain, FINISH):
        return original(*args, **kwargs)
    with transaction.atomic():
        if _is_open(publication) and not _is_abandoned(publication):
            # Before it is deleted: afterwards there is nothing left to tell of.
            voice.emit(FINISH, domain, lambda: payloads.publish_finished(publication, *_end_of()))
        return original(*args, **kwargs)


def abandoned(task: Task) -> None:
    """Emit the finish of what a task, which ends in this transaction, leaves incomplete.

    So do the redis worker, when it cleans up after one that died, and plugins that do not publish by `with`.
    """
    made = CreatedResource.objects.filter(task=task.pk).values("object_id")
    left: list[Publication] = []
    with voice.guarded(f"an event may be lost: {FINISH}"):
        left = [each.cast() for each in Publication.objects.filter(complete=False, pk__in=made)]
    for each in left:
        voice.emit(FINISH, each.pulp_domain_id, partial(payloads.publish_finished, each, _result(task.state)))


def _is_open(publication: Publication) -> bool:
    return bool(Publication.objects.filter(pk=publication.pk, complete=False).exists())


def _is_abandoned(publication: Publication) -> bool:
    """Whether its finish was told when its task ended."""
    made = CreatedResource.objects.filter(object_id=publication.pk, task__state__in=TASK_FINAL_STATES)
    return bool(made.exists())


def _end_of() -> tuple[str, str | None]:
    """The result of the task that deletes it, or whose leftovers are deleted, and the reason where one is known."""
    known = ending.get()
    if known is not None:
        return _result(known.state), known.reason
    # In the task itself, which a cancellation ends by an exception. Elsewhere a task that failed may be canceling, too.
    task = Task.current()
    canceling = task is not None and Task.objects.filter(pk=task.pk, state=TASK_STATES.CANCELING).exists()
    return "canceled" if canceling else "failed", None


def _result(state: str | None) -> str:
    return "canceled" if state == TASK_STATES.CANCELED else "failed"
