"""Changes of listeners as they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulp_events.listeners.kinds import MOMENT, Moment
from pulp_events.listeners.listener import ATTRIBUTES
from pulp_events_cli.listener_attributes import in_words
from pulp_events_cli.output.text import label, local_time, value_text

if TYPE_CHECKING:
    from pulp_events.listeners.history import Difference, ListenerChange

CONFIG = "notifier_config."
_DERIVED = ("targets",)
"""What follows from something else that differs."""


def lines(change: ListenerChange) -> Iterator[str]:
    """What was done, by whom and when, and below it the difference."""
    record = change.after or change.before or {}
    name = f" {change.name}" if change.name else ""
    type_id = value_text(record.get("notifier_type_id", ""))
    who = value_text(change.by)
    yield f"{local_time(change.time)}  {type_id} {change.listener_id}{name} {change.action} by {who}"
    if change.before is None or change.after is None:
        return
    for each in sorted(change.differences(), key=_label):
        if each.key not in _DERIVED and not (each.key == "muted_by" and each.after == change.by):
            yield from _difference(each)


def _label(each: Difference) -> str:
    return label(each.key.removeprefix(CONFIG))


def _difference(each: Difference) -> Iterator[str]:
    key = _label(each)
    if each.hidden:
        yield f"  ~ {key}: {_text(each.key, each.after)} (different value)"
        return
    if each.before is not None:
        yield f"  - {key}: {_text(each.key, each.before)}"
    if each.after is not None:
        yield f"  + {key}: {_text(each.key, each.after)}"


def _text(key: str, value: Any) -> str:
    if isinstance(value, str) and (moment := _moment(key, value)) is not None:
        return local_time(moment)
    return value_text(in_words(key, value) if key in ATTRIBUTES and value != ATTRIBUTES[key].default else value)


def _moment(key: str, value: str) -> datetime | None:
    """The time that an attribute is, as JSON has it; None: it is none."""
    if key not in ATTRIBUTES or not isinstance(ATTRIBUTES[key].kind, Moment):
        return None
    try:
        return MOMENT.load(key, value)
    except ValueError:  # by hand, or by a newer release
        return None


def for_json(change: ListenerChange) -> dict[str, Any]:
    """A change for programs."""
    return {
        "time": change.time,
        "by": change.by,
        "action": str(change.action),
        "listener_id": change.listener_id,
        "name": change.name,
        "differences": [
            {"key": each.key, "before": each.before, "after": each.after, "hidden": each.hidden}
            for each in change.differences()
        ],
        "before": change.before,
        "after": change.after,
    }
