"""Why deliveries to a listener are not attempted now, whatever their event."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from pulp_events.listeners.listener import Listener
from pulp_events.system.clock import iso_z


@dataclass(frozen=True, slots=True)
class Wait:
    """What stands in the way, and when it ends."""

    cause: str
    """`disabled`, `muted` or `notifier`."""
    reason: str
    """In words: `the listener is disabled`."""
    end: str
    """Until when, in words: `it waits until the listener is enabled`."""


def wait_of(listener: Listener, installed: Container[str], now: float) -> Wait | None:
    """The first that applies, None where a delivery is attempted. `installed`: notifier types; `now`: seconds since the
    epoch."""
    if not listener.enabled:
        return Wait("disabled", disabled(listener), "it waits until the listener is enabled")
    if listener.muted_for(now) and listener.muted_until is not None:
        return Wait("muted", f"the listener is muted until {iso_z(listener.muted_until)}", "it waits until then")
    if listener.notifier_type_id not in installed:
        return Wait(
            "notifier", f"notifier type {listener.notifier_type_id} is not installed", "it waits until it is installed"
        )
    return None


def disabled(listener: Listener) -> str:
    """That it is, and why, if that is known."""
    return "the listener is disabled" + (f" ({listener.disabled_reason})" if listener.disabled_reason else "")
