"""Changes that a plan has: shown in words, and carried out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events.listeners.listener import OPTIONS
from pulp_events_cli.listener_attributes import IN_FILE, in_words
from pulp_events_cli.listener_files.plan import CREATE, DELETE, UNCHANGED, UPDATE, Change, shown
from pulp_events_cli.output.text import count, value_text

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.together import Together

_MARKS = {CREATE: "+", UPDATE: "~", DELETE: "-"}


def differences(bus: EventBus, change: Change) -> list[dict[str, Any]]:
    """What becomes another: `key`, `before`, `after`, no secret among them; None stands for nothing."""
    before = {} if change.before is None else shown(bus, change.type_id, change.before)
    after = {} if change.after is None else shown(bus, change.type_id, change.after)
    found = []
    for key in dict.fromkeys([*after, *before]):
        was, will_be = before.get(key), after.get(key)
        if change.action != UPDATE and was is None and key in IN_FILE and will_be == IN_FILE[key].default:
            continue
        if was != will_be or _differs_unseen(change, key):
            found.append({"key": key, "before": was, "after": will_be})
    return found


def lines(bus: EventBus, changes: Sequence[Change]) -> Iterator[str]:
    """The comparison for people: a line for each listener that changes, and below it what changes."""
    for change in changes:
        if change.action == UNCHANGED:
            continue
        name = (change.before or change.after or {}).get("name")
        yield f"{_MARKS[change.action]} {change.type_id} {change.listener_id or '(new)'}{f' {name}' if name else ''}"
        if change.action == DELETE:
            continue
        for each in differences(bus, change):
            key, was, will_be = each["key"], _text(each["key"], each["before"]), _text(each["key"], each["after"])
            if was == will_be:
                yield f"  ~ {key}: {was} (different value)"
                continue
            if change.action == UPDATE and was:
                yield f"  - {key}: {was}"
            if will_be:
                yield f"  + {key}: {will_be}"


def summary(changes: Sequence[Change], dry_run: bool) -> str:
    """How many were, or would be, created, updated, deleted; how many stay."""
    verbs = {CREATE: "created", UPDATE: "updated", DELETE: "deleted"}
    parts = [f"{number} {'would be ' * dry_run}{verbs[action]}"
             for action in verbs if (number := sum(change.action == action for change in changes))]  # fmt: skip
    same = sum(change.action == UNCHANGED for change in changes)
    parts += [f"{same} unchanged"] * bool(same)
    return f"{count(len(changes), 'listener', 'listeners')}{': ' * bool(parts)}{', '.join(parts)}"


def collect(several: Together, change: Change) -> str | None:
    """Add the change to those that are made together; returns the listener's id. Raises EventsError."""
    if change.action == DELETE and change.listener_id:
        several.delete(change.listener_id)
    elif change.action == CREATE and change.after is not None:
        values = dict(change.after)
        config, types = values.pop("notifier_config"), values.pop("event_types")
        return several.create(change.type_id, config, types, **values, listener_id=change.listener_id).id
    elif change.action == UPDATE and change.listener_id and change.before is not None and change.after is not None:
        _update(several, change.listener_id, change.before, change.after)
    return change.listener_id


def _update(several: Together, listener_id: str, before: Any, after: Any) -> None:
    config = None
    if before["notifier_config"] != after["notifier_config"]:
        config = {**dict.fromkeys(before["notifier_config"]), **after["notifier_config"]}
    options = {name: after[name] for name in OPTIONS if name in IN_FILE and before[name] != after[name]}
    types = after["event_types"] if before["event_types"] != after["event_types"] else None
    if before["author"] != after["author"]:
        several.entrust(listener_id, after["author"])
    several.update(listener_id, config, types, **options)
    if before["enabled"] != after["enabled"]:
        (several.enable if after["enabled"] else several.disable)(listener_id)


def _differs_unseen(change: Change, key: str) -> bool:
    """True for a secret that changes: it looks the same before and after."""
    name = key.removeprefix("notifier_config.")
    if name == key or change.before is None or change.after is None:
        return False
    before, after = change.before["notifier_config"], change.after["notifier_config"]
    return bool(name in before and name in after and before[name] != after[name])


def _text(key: str, value: Any) -> str:
    if value is None:
        return ""
    return value_text(in_words(key, value) if key in IN_FILE else value)
