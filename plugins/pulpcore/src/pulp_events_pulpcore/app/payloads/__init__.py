"""What the events of Pulp carry: from pulpcore's model objects to payload and call report, by few queries."""

from pulp_events_pulpcore.app.payloads.publications import publish_finished, publish_started
from pulp_events_pulpcore.app.payloads.report import Report
from pulp_events_pulpcore.app.payloads.syncs import sync_finished, sync_started, synced_repository
from pulp_events_pulpcore.app.payloads.task_groups import task_group_finished
from pulp_events_pulpcore.app.payloads.tasks import task_finished, task_started
from pulp_events_pulpcore.app.payloads.versions import version_created

__all__ = [
    "Report",
    "publish_finished",
    "publish_started",
    "sync_finished",
    "sync_started",
    "synced_repository",
    "task_finished",
    "task_group_finished",
    "task_started",
    "version_created",
]
