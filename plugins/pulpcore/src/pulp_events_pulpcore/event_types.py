"""Event types of Pulp beyond the four that ship with core.

Those four keep the schema of core, which no plugin may replace, and have more keys: `payload_fields` has all of them.
"""

from pulp_events import EventType
from pulp_events_pulpcore.payload_fields import schema_of

VERSION = "1"
"""Of the form of the payloads."""

_DESCRIPTIONS = {
    "repo.version.created": "Fires when a new version of a repository is complete: its content is available.",
    "task.start": "Fires when any task begins to run.",
    "task.finish": "Fires when any task ends: completed, failed or canceled.",
    "task_group.finish": "Fires when all tasks of a task group have ended.",
}

EVENT_TYPES = tuple(
    EventType(name, description, schema=schema_of(name), version=VERSION) for name, description in _DESCRIPTIONS.items()
)
