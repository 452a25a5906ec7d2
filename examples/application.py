# application.py
from pulp_events import EventBus

with EventBus.open() as bus:
    with bus.operation("repo.sync", {"repo_id": "pulp2", "user": "admin"}) as operation:  # emits repo.sync.start
        operation["added_count"] = 42
    # emitted repo.sync.finish, with times and result; if the block had raised, with the error and its traceback too

    event = bus.emit("repo.sync.start", {"repo_id": "pulp3", "user": "admin"})  # stored when it returns
    for delivery in bus.wait(event, timeout=30):  # optional: until each delivery is delivered or dead
        print(delivery.event_type, delivery.state, delivery.detail.splitlines()[0])
