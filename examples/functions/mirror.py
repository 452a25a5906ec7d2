# mirror.py
from pulp_events import EventBus

with EventBus.open(imports=["mirror_events"]) as bus:
    for repo_id in ("pulp2", "pulp3"):
        with bus.operation("repo.sync", {"repo_id": repo_id}) as operation:
            operation["added_count"] = 42
