"""A task group ends when the last of its tasks does.

Nothing in Pulp says that a group is complete (`all_tasks_dispatched` is deprecated, and new plugins leave it). Who
dispatches the tasks of a group is a task of it, so none of them ends while more are to come. If tasks are added to a
group all of whose tasks had ended, the event comes again when those have.
"""

from __future__ import annotations

from pulpcore.constants import TASK_INCOMPLETE_STATES
from pulpcore.plugin.models import Task, TaskGroup

from pulp_events_pulpcore.app import payloads
from pulp_events_pulpcore.app.emitting import voice

FINISH = "task_group.finish"


def task_ended(task: Task) -> None:
    """Emit, in the transaction in which this task ended, if no other of its group is left."""
    voice.emit(FINISH, task.pulp_domain_id, lambda: _report(task))


def _report(task: Task) -> voice.Report:
    if task.task_group_id is None:
        raise voice.NoSuchEvent
    # Of two tasks that end at the same time, the second one to have the row sees that the first one ended.
    group = TaskGroup.objects.select_for_update(no_key=True).get(pk=task.task_group_id)
    if Task.objects.filter(task_group=group, state__in=TASK_INCOMPLETE_STATES).exists():
        raise voice.NoSuchEvent
    return payloads.task_group_finished(group)
