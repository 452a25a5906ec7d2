"""Listeners as records to be shown: no secret in them, and no attribute that holds its default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pulp_events.listeners.listener import ATTRIBUTES
from pulp_events.listeners.muting import MUTE, said
from pulp_events.plugins.registry import FUNCTION
from pulp_events.system.clock import iso_z
from pulp_events_cli import listener_attributes
from pulp_events_cli.output.text import first_line, local_time

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.records import Health


def brief(bus: EventBus, listener: Listener, health: Mapping[str, Health] | None = None) -> dict[str, Any]:
    """What `listener list` shows; with `health` also how its deliveries went."""
    shown: dict[str, Any] = {
        "event_types": listener.event_types,
        "id": listener.id,
        "notifier_config": bus.listeners.redacted(listener),
        "notifier_type_id": listener.notifier_type_id,
    }
    if listener.notifier_type_id not in bus.plugins.notifiers:
        where = "in its application" if listener.notifier_type_id == FUNCTION else "not installed"
        shown["notifier_type_id"] = f"{listener.notifier_type_id} ({where})"
    shown |= listener_attributes.shown(listener)
    for name in MUTE if not listener.muted_for(bus.clock.time()) else ("muted_by",):  # it may have been, until now
        shown.pop(name, None)
    if health is not None:
        found = health_of(listener, health)
        shown["last_outcome"] = _outcome(found)
        shown["last_success"] = found["last_success"]
    return shown


def full(bus: EventBus, listener: Listener, health: Mapping[str, Health]) -> dict[str, Any]:
    """What `listener show` shows."""
    shown = {
        **brief(bus, listener, health),
        "enabled": listener.enabled,
        "created": listener.created,
        "updated": listener.updated,
    }
    if listener.muted_by is not None and listener.muted_for(bus.clock.time()):
        shown["muted_by"] = listener.muted_by
    targets = [target for target in listener.targets if target]
    return {**shown, "targets": targets} if targets else shown


def for_json(bus: EventBus, listener: Listener, health: Mapping[str, Health] | None = None) -> dict[str, Any]:
    """The record for programs: every attribute, the same keys for every listener."""
    attributes = listener_attributes.in_json(listener)
    if not listener.muted_for(bus.clock.time()):
        attributes |= {name: ATTRIBUTES[name].default for name in MUTE}
    return {
        "id": listener.id,
        "notifier_type_id": listener.notifier_type_id,
        "notifier_config": bus.listeners.redacted(listener),
        "event_types": list(listener.event_types),
        "targets": [target for target in listener.targets if target],
        **attributes,
        "created": listener.created,
        "updated": listener.updated,
        "health": None if health is None else health_of(listener, health),
    }


def mute_text(listener: Listener) -> str:
    """`until 2026-11-24 07:00:00 UTC by alice (new disks)`."""
    text = said(listener)
    moment = listener.muted_until
    return text if moment is None else text.replace(iso_z(moment), local_time(moment), 1)


def health_of(listener: Listener, health: Mapping[str, Health]) -> dict[str, Any]:
    from pulp_events.outbox.records import Health
    from pulp_events.outbox.states import Outcome

    found = health.get(listener.id, Health(listener.id))
    return {
        "last_outcome": "failed" if found.failures else Outcome.DELIVERED if found.last_success else None,
        "last_success": found.last_success,
        "last_failure": found.last_failure,
        "failing_since": found.failing_since,
        "failures": found.failures,
        "detail": found.detail or None,
    }


def _outcome(health: Mapping[str, Any]) -> str | None:
    detail = first_line(health["detail"] or "")
    if not health["failures"]:
        return health["last_outcome"]  # type: ignore[no-any-return]
    times = "once" if health["failures"] == 1 else f"{health['failures']} times"
    since = f" since {local_time(health['failing_since'])}" if health["failing_since"] else ""
    return f"failed {times}{since}{': ' if detail else ''}{detail}"
