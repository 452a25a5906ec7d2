"""A listener as a JSON document, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pulp_events.errors import InvalidConfig
from pulp_events.frozen import thaw
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.options import check_options
from pulp_events.system.clock import iso_z
from pulp_events.system.ids import is_listener_id

MAX_DEPTH = 64
"""How deep a record may be nested."""


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


def from_document(document: object) -> Listener:
    """The listener; raises ValueError that says what is wrong where `document` is not one of ours.

    Everything is looked at here, so that no record, whoever edited it, makes trouble where it is used.
    """
    if not isinstance(document, Mapping):
        raise ValueError(f"it is {_shown(document)}, and no object")
    if bad := _unfit(document, ""):
        raise ValueError(bad)
    filter, reason = document.get("filter"), document.get("disabled_reason")
    muted, schedule, lanes = (document.get(key) for key in ("muted_until", "retry_schedule", "lanes"))
    try:
        check_options(schedule, lanes)
        if filter is not None:
            filter = _text(document, "filter")
    except InvalidConfig as error:
        raise ValueError(str(error)) from None
    listener = Listener(
        id=_id(document),
        notifier_type_id=_text(document, "notifier_type_id"),
        notifier_config=_config(document),
        event_types=_texts(document, "event_types"),
        targets=_texts(document, "targets"),
        created=_moment(document, "created"),
        updated=_moment(document, "updated"),
        filter=filter,
        enabled=_truth(document, "enabled", True),
        disabled_reason=None if reason is None else _text(document, "disabled_reason"),
        retry_schedule=None if schedule is None else tuple(schedule),
        lanes=lanes,
        muted_until=None if muted is None else _moment(document, "muted_until"),
        mute_drops=_truth(document, "mute_drops", False),
    )
    try:
        _ = listener.condition  # one that does not compile would let every event pass
    except InvalidConfig as error:
        raise ValueError(str(error)) from None
    return listener


def _shown(value: object) -> str:
    return "missing" if value is None else f"{value!r:.60}"


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is {_shown(value)}, and no text")
    return value


def _id(document: Mapping[str, Any]) -> str:
    found = _text(document, "id")
    if not is_listener_id(found):
        raise ValueError(f"id is {_shown(found)}, and not 24 hex digits, 0-9 and a-f")
    return found


def _config(document: Mapping[str, Any]) -> dict[str, Any]:
    value = document.get("notifier_config")
    if not isinstance(value, Mapping):
        raise ValueError("notifier_config is missing, or is no object")  # what it is may be a secret
    return dict(value)


def _unfit(value: object, place: str, depth: int = 0) -> str:
    """What is no value of a record: Python reads more as JSON than there is in JSON (RFC 8259 §6, §8.2)."""
    if isinstance(value, str):
        return "" if value.isascii() or _is_unicode(value) else f"{place} has half a character (a lone surrogate)"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{place} is {value!r}, which is no number of JSON"
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    if items and depth > MAX_DEPTH:
        return f"{place:.60}… is nested too deeply"
    for key, item in items:
        if not isinstance(item, str) or not item.isascii():
            bad = _unfit(item, f"{place}.{key}" if place else str(key), depth + 1)
            if bad:
                return bad
    return ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _truth(document: Mapping[str, Any], key: str, default: bool) -> bool:
    value = document.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(f"{key} is {_shown(value)}, which is neither true nor false")
    return value


def _texts(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = document.get(key)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"{key} is {_shown(value)}, and no list of texts")
    return tuple(value)


def _moment(document: Mapping[str, Any], key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(document, key))
    except ValueError:
        raise ValueError(f"{key} is {_shown(document.get(key))}, and no time such as 2026-01-02T03:04:05Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{key} has no time zone")
    return moment
