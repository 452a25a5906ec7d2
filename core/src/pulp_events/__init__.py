"""pulp-events: event notifications for Python applications.

from pulp_events import EventBus

with EventBus.open() as bus:
    bus.listeners.create("http", {"url": "http://ci.example/hook"}, ["repo.sync.*"])
    event = bus.emit("repo.sync.start", {"repo_id": "pulp2"})
    bus.wait(event, timeout=30)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.errors import (
        BusClosed,
        DeliveryFailure,
        DeliveryNotFound,
        EventsError,
        EventTooLarge,
        IllegalTransition,
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
    from pulp_events.notifier import Action, Channel, Config, Notifier, Outcome
    from pulp_events.outbox.delivery import Attempt, Delivery
    from pulp_events.outbox.records import DeliveryQuery, Health, Stats
    from pulp_events.plugins.api import API_VERSION
    from pulp_events.plugins.registry import Plugins
    from pulp_events.secrets import Scrubber
    from pulp_events.settings.settings import Settings

__all__ = [
    "API_VERSION",
    "Action",
    "Attempt",
    "BusClosed",
    "Channel",
    "Config",
    "Delivery",
    "DeliveryFailure",
    "DeliveryNotFound",
    "DeliveryQuery",
    "Event",
    "EventBus",
    "EventTooLarge",
    "EventType",
    "EventsError",
    "Health",
    "IllegalTransition",
    "InvalidConfig",
    "InvalidEvent",
    "Listener",
    "ListenerNotFound",
    "Notifier",
    "Outcome",
    "PermanentFailure",
    "PluginError",
    "Plugins",
    "Scrubber",
    "Settings",
    "SettingsError",
    "Stats",
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

_HOMES = {
    "pulp_events.bus.event_bus": ("EventBus",),
    "pulp_events.errors": (
        "BusClosed",
        "DeliveryFailure",
        "DeliveryNotFound",
        "EventsError",
        "EventTooLarge",
        "IllegalTransition",
        "InvalidConfig",
        "InvalidEvent",
        "ListenerNotFound",
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
    ),
    "pulp_events.events.event": ("Event",),
    "pulp_events.events.event_type": ("EventType",),
    "pulp_events.hookspecs": ("hookimpl",),
    "pulp_events.listeners.listener": ("Listener",),
    "pulp_events.notifier": (
        "Action",
        "Channel",
        "Config",
        "Notifier",
        "Outcome",
    ),
    "pulp_events.outbox.delivery": (
        "Attempt",
        "Delivery",
    ),
    "pulp_events.outbox.records": (
        "DeliveryQuery",
        "Health",
        "Stats",
    ),
    "pulp_events.plugins.api": ("API_VERSION",),
    "pulp_events.plugins.registry": ("Plugins",),
    "pulp_events.secrets": ("Scrubber",),
    "pulp_events.settings.settings": ("Settings",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name's module when the name is first used (PEP 562): a plugin that needs a few costs no more."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
