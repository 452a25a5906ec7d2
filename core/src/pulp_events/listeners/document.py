"""A listener as a JSON document, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pulp_events.errors import InvalidConfig
from pulp_events.frozen import thaw
from pulp_events.listeners.kinds import MOMENT, TEXT, TEXTS, Kind, shown
from pulp_events.listeners.listener import ATTRIBUTES, Listener
from pulp_events.system.ids import is_listener_id

MAX_DEPTH = 64
"""How deep a record may be nested."""

_ALWAYS: Mapping[str, Kind] = {
    "notifier_type_id": TEXT,
    "event_types": TEXTS,
    "targets": TEXTS,
    "created": MOMENT,
    "updated": MOMENT,
}
"""What every record has, beside its id and configuration."""


CONFIG = "notifier_config"
RESTRICTED = "restricted_config"
"""Key of the configuration of a listener whose author is not trusted, or that has a scope. A release that knows neither
finds no configuration, so that it takes the record for broken, delivers nothing, and leaves the record as it is."""


def to_document(listener: Listener) -> dict[str, Any]:
    """JSON values; attributes that hold their default are left out."""
    attributes = {name: each for name, each in ATTRIBUTES.items() if getattr(listener, name) != each.default}
    return {
        "id": listener.id,
        "notifier_type_id": listener.notifier_type_id,
        config_key(listener): thaw(listener.notifier_config),
        "event_types": list(listener.event_types),
        "targets": list(listener.targets),
        "created": MOMENT.dump(listener.created),
        "updated": MOMENT.dump(listener.updated),
        **{name: each.kind.dump(getattr(listener, name)) for name, each in attributes.items()},
    }


def from_document(document: object) -> Listener:
    """The listener; raises ValueError that says what is wrong where `document` is not one of ours.

    Everything is looked at here, so that no record, whoever edited it, makes trouble where it is used.
    """
    if not isinstance(document, Mapping):
        raise ValueError(f"it is {shown(document)}; it must be an object")
    if bad := unfit(document, ""):
        raise ValueError(bad)
    listener = Listener(
        id=_id(document),
        notifier_config=_config(document),
        **{name: kind.load(name, document.get(name)) for name, kind in _ALWAYS.items()},
        **{
            name: ATTRIBUTES[name].kind.load(name, value)
            for name, value in document.items()
            if name in ATTRIBUTES and (value is not None or ATTRIBUTES[name].default is not None)  # null: not set
        },
    )
    if RESTRICTED in document and config_key(listener) == CONFIG:
        raise ValueError(
            f"it has {RESTRICTED}, but no scope and no untrusted author; name it {CONFIG}, if that is meant"
        )
    try:
        _ = listener.condition  # one that does not compile would let every event pass
    except InvalidConfig as error:
        raise ValueError(str(error)) from None
    return listener


def config_key(listener: Listener) -> str:
    """The key under which the configuration of this listener stands."""
    return RESTRICTED if listener.untrusted or listener.scope is not None else CONFIG


def _id(document: Mapping[str, Any]) -> str:
    found = TEXT.load("id", document.get("id"))
    if not is_listener_id(found):
        raise ValueError(f"id is {shown(found)}; it must have 24 hex digits, 0-9 and a-f")
    return found


def _config(document: Mapping[str, Any]) -> dict[str, Any]:
    value = document.get(CONFIG, document.get(RESTRICTED))
    if CONFIG in document and RESTRICTED in document:
        raise ValueError(f"it has both {CONFIG} and {RESTRICTED}; leave one out")
    if not isinstance(value, Mapping):
        raise ValueError("notifier_config is missing, or is not an object")  # what it is may be a secret
    return dict(value)


def unfit(value: object, place: str, depth: int = 0) -> str:
    """What is no value of a record, at `place`; empty if all of it is one.

    Python reads more as JSON than there is in JSON (RFC 8259 §6, §8.2).
    """
    if isinstance(value, str):
        return "" if value.isascii() or _is_unicode(value) else f"{place} has half of a character (a lone surrogate)"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{place} is {value!r}, which is not a JSON number"
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    if items and depth > MAX_DEPTH:
        return f"{place:.60}… is nested too deeply"
    for key, item in items:
        if not isinstance(item, str) or not item.isascii():
            bad = unfit(item, f"{place}.{key}" if place else str(key), depth + 1)
            if bad:
                return bad
    return ""


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
