"""Tasks for tests, run by Pulp's workers."""

from collections.abc import Iterable


def several(seconds: Iterable[float]) -> None:
    """Dispatch a task that sleeps for each of them, in the group of this one."""
    from pulpcore.plugin.models import Task
    from pulpcore.plugin.tasking import dispatch

    for each in seconds:
        dispatch("pulpcore.app.tasks.test.sleep", args=[each], task_group=Task.current().task_group)
