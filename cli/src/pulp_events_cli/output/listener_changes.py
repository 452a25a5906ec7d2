"""Changes of listeners as they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulp_events.listeners.kinds import MOMENT, Moment
from pulp_events.listeners.listener import ATTRIBUTES
from pulp_events_cli.listener_attributes import in_words
from pulp_events_cli.output.id_kinds import LISTENER
from pulp_events_cli.output.kinds import MOMENT as MOMENTS
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import label, local_time, value_text

if TYPE_CHECKING:
    from pulp_events.listeners.history import Difference, ListenerChange

CHANGES = Table(
    "changes",
    Column("time", lambda change: change.time, kind=MOMENTS, rank=1),
    Column("listener", lambda change: change.listener_id, kind=LISTENER, rank=2, least=10),
    Column("name", lambda change: change.name, "NAME THEN", rank=6, least=10),
    Column("type", lambda change: _record(change).get("notifier_type_id"), rank=5, least=8),
    Column("action", lambda change: change.action, rank=0),
    Column("by", lambda change: change.by, rank=4, least=10),
    Column("changed", lambda change: _changed(change), rank=3, least=10),
)
"""The columns of `listener history --table`."""
CONFIG = "notifier_config."
_DERIVED = ("targets",)
"""What follows from something else that differs."""


def lines(change: ListenerChange) -> Iterator[str]:
    """What was done, by whom and when, and below it the difference."""
    record = _record(change)
    name = f" {change.name}" if change.name else ""
    type_id = value_text(record.get("notifier_type_id", ""))
    who = value_text(change.by)
    yield f"{local_time(change.time)}  {type_id} {change.listener_id}{name} {change.action} by {who}"
    if change.before is None or change.after is None:
        return
    for each in sorted(change.differences(), key=_label):
        if each.key not in _DERIVED and not (each.key == "muted_by" and each.after == change.by):
            yield from _difference(each)


def _record(change: ListenerChange) -> Mapping[str, Any]:
    return change.after or change.before or {}


def _changed(change: ListenerChange) -> list[str]:
    """What differs, if it was there before and is there after."""
    if change.before is None or change.after is None:
        return []
    return sorted(_label(each) for each in change.differences() if each.key not in _DERIVED)


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
