"""Adds `emitted_by`, the host and the process that emitted an event, to its payload."""

import os
import platform
from dataclasses import replace

from pulp_events import Event, hookimpl


@hookimpl
def pulp_before_emit(event: Event) -> Event | None:
    """Called in the emitting thread, before filters see the event. An event cannot be changed: return another."""
    if "emitted_by" in event.payload:
        return None
    return replace(event, payload={**event.payload, "emitted_by": {"host": platform.node(), "pid": os.getpid()}})
