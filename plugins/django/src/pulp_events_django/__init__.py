"""pulp-events in a Django project: the bus of its settings, and events in its transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulp_events_django.emitting import emit, emit_on_commit
    from pulp_events_django.project_bus import close_bus, get_bus

__all__ = ["close_bus", "emit", "emit_on_commit", "get_bus"]

_HOMES = {"emit": "emitting", "emit_on_commit": "emitting", "close_bus": "project_bus", "get_bus": "project_bus"}


def __getattr__(name: str) -> Any:
    """Django is imported when it is needed: `pulp-admin` loads the hooks of this package, too."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
