"""pulp-events: event notifications for Python applications.

from pulp_events import EventBus

with EventBus.open() as bus:
    bus.listeners.create("http", {"url": "http://ci.example/hook"}, ["repo.sync.*"])
    event = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    bus.wait(event, timeout=30)
"""

from pulp_events.bus import EventBus
from pulp_events.errors import (
    BusClosed,
    DeliveryNotFound,
    EventsError,
    EventTooLarge,
    InvalidConfig,
    InvalidEvent,
    ListenerNotFound,
    PermanentFailure,
    PluginError,
    SettingsError,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreTooNew,
    TimedOut,
    TransientFailure,
    UnknownEventType,
    UnknownNotifierType,
)
from pulp_events.events.event import Event
from pulp_events.events.event_type import EventType
from pulp_events.hookspecs import hookimpl
from pulp_events.listeners.listener import Listener
from pulp_events.notifier import Channel, Notifier
from pulp_events.outbox.delivery import Attempt, Delivery
from pulp_events.plugins.api import API_VERSION

__all__ = [
    "API_VERSION",
    "Attempt",
    "BusClosed",
    "Channel",
    "Delivery",
    "DeliveryNotFound",
    "Event",
    "EventBus",
    "EventTooLarge",
    "EventType",
    "EventsError",
    "InvalidConfig",
    "InvalidEvent",
    "Listener",
    "ListenerNotFound",
    "Notifier",
    "PermanentFailure",
    "PluginError",
    "SettingsError",
    "StoreBusy",
    "StoreCorrupt",
    "StoreError",
    "StoreTooNew",
    "TimedOut",
    "TransientFailure",
    "UnknownEventType",
    "UnknownNotifierType",
    "hookimpl",
]
