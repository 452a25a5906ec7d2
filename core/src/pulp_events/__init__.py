"""pulp-events: event notifications for Python applications.

    from pulp_events import EventBus

    with EventBus.open() as bus:
        bus.listeners.create("http", {"url": "http://ci.example/hook"}, ["repo.sync.*"])
        event = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
        bus.wait(event, timeout=30)
"""

from pulp_events.errors import (
    EventsError,
    PermanentFailure,
    TimedOut,
    TransientFailure,
)
from pulp_events.events.event import Event
from pulp_events.hookspecs import hookimpl
from pulp_events.listeners.listener import Listener
from pulp_events.notifier import Channel, Notifier
from pulp_events.outbox.delivery import Attempt, Delivery

__all__ = [
    "Attempt",
    "Channel",
    "Delivery",
    "Event",
    "EventsError",
    "Listener",
    "Notifier",
    "PermanentFailure",
    "TimedOut",
    "TransientFailure",
    "hookimpl",
]
