"""pulp-events: event notifications for Python applications.

from pulp_events import EventBus

with EventBus.open() as bus:
    bus.listeners.create("http", {"url": "http://ci.example/hook"}, ["repo.sync.*"])
    event = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    bus.wait(event, timeout=30)
"""

from pulp_events.system.late_names import late_names

__getattr__, __dir__, __all__ = late_names(__name__)
