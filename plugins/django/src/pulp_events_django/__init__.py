"""pulp-events in a Django project: the bus of its settings, and events in its transactions."""

from pulp_events_django.emitting import emit, emit_on_commit
from pulp_events_django.project_bus import close_bus, get_bus

__all__ = ["close_bus", "emit", "emit_on_commit", "get_bus"]
