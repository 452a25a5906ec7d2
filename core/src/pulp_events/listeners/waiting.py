"""Why deliveries to a listener are not attempted now, whatever their event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pulp_events.listeners.listener import Listener
from pulp_events.listeners.muting import said
from pulp_events.notifier import Notifier
from pulp_events.plugins.boundary import target_elsewhere
from pulp_events.plugins.registry import FUNCTION


@dataclass(frozen=True, slots=True)
class Wait:
    """What stands in the way, and when it ends."""

    cause: str
    """`disabled`, `muted` or `notifier`."""
    reason: str
    """In words: `the listener is disabled`."""
    end: str
    """Until when, in words: `it waits until the listener is enabled`."""


def wait_of(listener: Listener, installed: Mapping[str, Notifier] | None, now: float) -> Wait | None:
    """The first that applies, None where this process attempts a delivery.

    `installed`: notifiers by type; None: whether there is one is not looked at. `now`: seconds since the epoch.
    """
    if not listener.enabled:
        return Wait("disabled", disabled(listener), "it waits until the listener is enabled")
    if listener.muted_for(now) and listener.muted_until is not None:
        return Wait("muted", f"the listener is muted {said(listener)}", "it waits until then")
    return None if installed is None else elsewhere(listener, installed)


def elsewhere(listener: Listener, installed: Mapping[str, Notifier]) -> Wait | None:
    """Why this process cannot deliver to the listener, while another one may; None if it can."""
    type_id = listener.notifier_type_id
    if (target := target_of_another_process(listener, installed)) is not None:
        return Wait(
            "notifier", f"{type_id} {target} is not in this process", "it waits for a process of the application"
        )
    if type_id not in installed:
        return Wait("notifier", f"notifier type {type_id} is not installed", "it waits until it is installed")
    return None


def target_of_another_process(listener: Listener, installed: Mapping[str, Notifier]) -> str | None:
    """The target that this process does not have, where which there are depends on the process."""
    notifier = installed.get(listener.notifier_type_id)
    if notifier is None:
        return listener.targets[0] if listener.notifier_type_id == FUNCTION else None
    return target_elsewhere(notifier, listener.targets)


def limits_of(listener: Listener) -> list[str]:
    """What its record says of when its deliveries are attempted, where nothing stands in the way."""
    from pulp_events.fields import format_duration  # with marshmallow, which a list does not need

    rate = [] if listener.rate is None else [f"its rate is {listener.rate}"]
    if listener.untrusted:
        rate.append(f"its author, {listener.author}, is held to [untrusted]")
    return rate + ([] if listener.expires is None else [f"it expires after {format_duration(listener.expires)}"])


def disabled(listener: Listener) -> str:
    """That it is, and why, if that is known."""
    return "the listener is disabled" + (f" ({listener.disabled_reason})" if listener.disabled_reason else "")
