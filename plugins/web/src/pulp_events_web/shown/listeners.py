"""A listener as it is shown, and which of them are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulp_events import EventBus, Listener
from pulp_events.events import pattern
from pulp_events.frozen import thaw
from pulp_events.listeners.history import ListenerChange
from pulp_events.listeners.lookup import has_labels
from pulp_events.listeners.redacted import Redaction
from pulp_events.listeners.shown import config_shown
from pulp_events.outbox.records import Health
from pulp_events.system.clock import iso_z

ATTRIBUTES = ("name", "description", "filter", "disabled_reason", "lanes", "timeout", "rate", "expires")
MUTE = ("muted_until", "mute_reason", "mute_drops", "muted_by")


@dataclass(frozen=True)
class ListenerFilter:
    """Which listeners; None, or empty, stands for any."""

    q: str | None = None
    """Part of the name, the description, the id, the configuration (no secret), a label or an event type, in any case.
    """
    labels: Mapping[str, str | None] | None = None
    """All of these; None: any value."""
    notifier_type_id: str | None = None
    event_type: str | None = None
    """That it listens to this type, by its name or by a pattern; or has this very pattern."""
    enabled: bool | None = None
    muted: bool | None = None
    author: str | None = None

    def fits(self, listener: Listener, now: float, redaction: Redaction) -> bool:
        """True if the listener is one of them. `now`: seconds since the epoch."""
        return (
            (self.labels is None or has_labels(listener, self.labels))
            and self.notifier_type_id in (None, listener.notifier_type_id)
            and self.enabled in (None, listener.enabled)
            and (self.muted is None or self.muted == bool(listener.muted_for(now)))
            and (self.author is None or (listener.author is not None and listener.author.name == self.author))
            and (self.event_type is None or _listens(listener, self.event_type))
            and (not self.q or _says(listener, redaction(listener), self.q.casefold()))
        )


def chosen(bus: EventBus, asked: ListenerFilter) -> list[Listener]:
    """Those that fit, the oldest first, always in the same order."""
    now, redaction = bus.clock.time(), Redaction(bus.plugins)
    return sorted((each for each in bus.listeners.list() if asked.fits(each, now, redaction)), key=place_of)


def place_of(listener: Listener) -> tuple[datetime, str]:
    """Where it stands in that order, also once it is deleted."""
    return listener.created, listener.id


def after(listeners: Sequence[Listener], place: tuple[datetime, str] | None, limit: int) -> list[Listener]:
    """At most `limit` of them, which stand after that place; None: before all."""
    return [each for each in listeners if place is None or place_of(each) > place][:limit]


def listener_shown(
    bus: EventBus, listener: Listener, health: Health | None = None, redaction: Redaction | None = None
) -> dict[str, Any]:
    """JSON values, no secret among them. A mute that has ended is not shown. `redaction`: one for many listeners."""
    config = config_shown(bus.plugins, listener, redaction)
    is_muted = bool(listener.muted_for(bus.clock.time()))
    mute = {name: getattr(listener, name) if is_muted else None for name in MUTE}
    return {
        "id": listener.id,
        **{name: getattr(listener, name) for name in ATTRIBUTES},
        "labels": dict(listener.labels),
        "notifier_type_id": listener.notifier_type_id,
        "notifier_config": config.config,
        "secrets": [{"name": each.name, "is_set": each.is_set} for each in config.secrets],
        "event_types": list(listener.event_types),
        "enabled": listener.enabled,
        "retry_schedule": None if listener.retry_schedule is None else list(listener.retry_schedule),
        **mute,
        "muted_until": _moment(listener.muted_until) if is_muted else None,
        "mute_drops": bool(mute["mute_drops"]),
        "author": None
        if listener.author is None
        else {"name": listener.author.name, "trusted": listener.author.trusted},
        "created": iso_z(listener.created),
        "updated": iso_z(listener.updated),
        "health": health_shown(health),
    }


def listeners_shown(bus: EventBus, listeners: Sequence[Listener]) -> list[dict[str, Any]]:
    """The same for several, with the health of each."""
    if not listeners:
        return []
    health, redaction = bus.deliveries.health([each.id for each in listeners]), Redaction(bus.plugins)
    return [listener_shown(bus, each, health.get(each.id), redaction) for each in listeners]


def health_shown(health: Health | None) -> dict[str, Any] | None:
    """How its deliveries went lately; None: nothing was attempted yet."""
    if health is None:
        return None
    return {
        "last_success": _moment(health.last_success),
        "last_failure": _moment(health.last_failure),
        "failing_since": _moment(health.failing_since),
        "failures": health.failures,
        "detail": health.detail,
    }


def change_shown(change: ListenerChange) -> dict[str, Any]:
    """One entry of the history."""
    return {
        "time": iso_z(change.time),
        "by": change.by,
        "action": str(change.action),
        "listener_id": change.listener_id,
        "name": change.name,
        "differences": [
            {"key": each.key, "before": thaw(each.before), "after": thaw(each.after), "hidden": each.hidden}
            for each in change.differences()
        ],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else iso_z(moment)


def _listens(listener: Listener, event_type: str) -> bool:
    return event_type in listener.event_types or any(pattern.matches(each, event_type) for each in listener.event_types)


def _says(listener: Listener, config: Mapping[str, Any], part: str) -> bool:
    texts = [
        listener.name or "", listener.description or "", listener.id, *listener.event_types, *_texts(config),
        *(f"{key}={value}" for key, value in listener.labels.items()),
    ]  # fmt: skip
    return any(part in text.casefold() for text in texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for each in items:
        yield from _texts(each)
