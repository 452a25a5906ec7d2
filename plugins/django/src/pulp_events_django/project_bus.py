"""`get_bus`: one bus for each process of the project."""

from __future__ import annotations

import atexit
import sys
import threading

from django.apps import apps

from pulp_events import EventBus

_lock = threading.Lock()
_bus: EventBus | None = None


def get_bus() -> EventBus:
    """The bus of the project's settings, opened by the first who asks, and closed when the process ends.

    It knows the event types in the list `EVENT_TYPES` of each application's module `events`; what such a module marks
    with `on` is a listener. A process that forks, such as a server with pre-forked workers, may ask before or after.

    Raises SettingsError, StoreError and the other errors of `EventBus.open`.
    """
    global _bus
    if _bus is None:
        with _lock:
            if _bus is None:
                _bus = _opened()
    return _bus


def close_bus() -> None:
    """Close it; the next who asks opens another one. For tests, and where a server says that a worker ends."""
    global _bus
    with _lock:
        bus, _bus = _bus, None
    if bus is not None:
        bus.close()


def event_modules() -> list[str]:
    """The modules `events` of the applications."""
    names = [f"{each.name}.events" for each in apps.get_app_configs()]
    return [name for name in names if name in sys.modules]


def _opened() -> EventBus:
    from pulp_events_django.project_settings import deliver, encode, on_error, settings_mapping

    bus = EventBus.open(
        settings=settings_mapping(), deliver=deliver(), imports=event_modules(), on_error=on_error(), encode=encode()
    )
    atexit.register(bus.close)
    return bus
