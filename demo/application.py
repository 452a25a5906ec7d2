"""The application of the demo: synchronises a repository, and fails to publish it."""

from contextlib import suppress

from pulp_events import EventBus

with EventBus.open() as bus:
    with bus.operation("repo.sync", {"repo_id": "pulp2", "user": "admin"}, {"state": "running"}) as operation:
        operation["added_count"] = 42

    with suppress(ConnectionError), bus.operation("repo.publish", {"repo_id": "pulp2", "user": "admin"}):
        raise ConnectionError("the mirror went away")
