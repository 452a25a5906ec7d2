"""What a request must say. Whatever it says of its media type is passed over, as Pulp 2 did: curl sends another one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import request

from pulp_events.notation import json_text
from pulp_events_web.pulp2.failures import MISSING_VALUE, VALIDATION, Refused

REQUIRED = ("notifier_type_id", "notifier_config", "event_types")
DEEPEST = 64
"""Levels of a body; a configuration has few."""


def body(*, empty: bool = False) -> dict[str, Any]:
    """The object that was sent; `empty`: none need be. Raises Refused."""
    sent = request.get_data(cache=False)
    if empty and not sent.strip():
        return {}
    try:
        found = json_text.read(sent.decode("utf-8"))
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # a lone surrogate is no text that can be stored
    except (ValueError, RecursionError):
        raise Refused("The body is not valid JSON in UTF-8; send an object", code=VALIDATION) from None
    if not isinstance(found, dict):
        raise Refused("The body must be a JSON object", code=VALIDATION)
    if _depth(found) > DEEPEST:
        raise Refused(f"The body is nested deeper than {DEEPEST} levels", code=VALIDATION)
    return found


def created(sent: Mapping[str, Any]) -> tuple[str, dict[str, Any], list[str]]:
    """Type, configuration and event types of a new listener. Raises Refused."""
    if missing := [name for name in REQUIRED if sent.get(name) is None]:
        raise Refused(f"Missing values for: {', '.join(missing)}", missing, MISSING_VALUE)
    type_id = sent["notifier_type_id"]
    if not isinstance(type_id, str):
        raise Refused("notifier_type_id must be a string", ["notifier_type_id"])
    config, event_types = changed(sent)
    assert config is not None and event_types is not None
    return type_id, {key: value for key, value in config.items() if value is not None}, event_types


def changed(sent: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[str] | None]:
    """Configuration and event types, None: as they are. Raises Refused."""
    config, event_types = sent.get("notifier_config"), sent.get("event_types")
    if config is not None and not isinstance(config, dict):
        raise Refused("notifier_config must be an object", ["notifier_config"])
    if event_types == "*":
        event_types = ["*"]
    if event_types is not None and not _are_texts(event_types):
        raise Refused('event_types must be a list of event types, or "*" for all', ["event_types"])
    return config, event_types


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and value != [] and all(isinstance(each, str) for each in value)


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return deepest
