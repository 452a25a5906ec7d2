"""Event types of Pulp beyond the four that ship with core."""

from pulp_events import EventType

EVENT_TYPES = (
    EventType("task.start", "A task begins to run."),
    EventType("task.finish", "A task ended: completed, failed or canceled."),
    EventType("task_group.finish", "All tasks of a task group ended."),
    EventType("repo.version.created", "A new version of a repository is complete: its content is available."),
)
