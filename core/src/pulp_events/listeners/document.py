"""A listener as a JSON document, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pulp_events.clock import iso_z
from pulp_events.frozen import thaw
from pulp_events.listeners.listener import Listener


def to_document(listener: Listener) -> dict[str, Any]:
    """JSON values; attributes that hold their default are left out."""
    document: dict[str, Any] = {
        "id": listener.id,
        "notifier_type_id": listener.notifier_type_id,
        "notifier_config": thaw(listener.notifier_config),
        "event_types": list(listener.event_types),
        "targets": list(listener.targets),
        "created": iso_z(listener.created),
        "updated": iso_z(listener.updated),
    }
    if listener.filter is not None:
        document["filter"] = listener.filter
    if not listener.enabled:
        document["enabled"] = False
    if listener.disabled_reason is not None:
        document["disabled_reason"] = listener.disabled_reason
    if listener.retry_schedule is not None:
        document["retry_schedule"] = list(listener.retry_schedule)
    if listener.lanes is not None:
        document["lanes"] = listener.lanes
    if listener.muted_until is not None:
        document["muted_until"] = iso_z(listener.muted_until)
    if listener.mute_drops:
        document["mute_drops"] = True
    return document


def from_document(document: Mapping[str, Any]) -> Listener:
    """The listener; raises KeyError, TypeError or ValueError where `document` is not one of ours."""
    schedule = document.get("retry_schedule")
    return Listener(
        id=document["id"],
        notifier_type_id=document["notifier_type_id"],
        notifier_config=dict(document["notifier_config"]),
        event_types=_texts(document, "event_types"),
        targets=_texts(document, "targets"),
        created=_moment(document, "created"),
        updated=_moment(document, "updated"),
        filter=document.get("filter"),
        enabled=_truth(document, "enabled", True),
        disabled_reason=document.get("disabled_reason"),
        retry_schedule=None if schedule is None else tuple(schedule),
        lanes=document.get("lanes"),
        muted_until=_moment(document, "muted_until") if document.get("muted_until") is not None else None,
        mute_drops=_truth(document, "mute_drops", False),
    )


def _truth(document: Mapping[str, Any], key: str, default: bool) -> bool:
    value = document.get(key, default)
    if not isinstance(value, bool):
        raise TypeError(f"{key} is {value!r:.60}, which is neither true nor false")
    return value


def _texts(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = document[key]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{key} is no list of texts")  # a text would become a list of its letters
    return tuple(value)


def _moment(document: Mapping[str, Any], key: str) -> datetime:
    moment = datetime.fromisoformat(document[key])
    if moment.tzinfo is None:
        raise ValueError(f"{key} has no time zone")
    return moment
