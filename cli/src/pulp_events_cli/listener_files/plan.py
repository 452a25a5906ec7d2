"""What a file would change: a list of changes, worked out and checked before the first is made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError
from pulp_events.frozen import thaw
from pulp_events.listeners.document import unfit
from pulp_events.listeners.listener import OPTIONS
from pulp_events.listeners.masks import has_mask, kept
from pulp_events.listeners.notifier_config import validate
from pulp_events.listeners.untrusted import Limits
from pulp_events.secrets import MASK, redact
from pulp_events_cli.errors import UsageError
from pulp_events_cli.listener_attributes import IN_FILE, in_json
from pulp_events_cli.listener_files.document import refuse_written_references, visible

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener

CREATE, UPDATE, DELETE, UNCHANGED = "create", "update", "delete", "unchanged"


@dataclass(frozen=True)
class Change:
    """One listener: what it is, and what it is to become."""

    action: str
    type_id: str
    listener_id: str | None
    """None where it is created without one."""
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    """Attributes, with the stored configuration, secrets included."""


def make(bus: EventBus, entries: Sequence[Mapping[str, Any]], name: str, prune: bool) -> list[Change]:
    """The changes that make the records what the file says; `prune`: what is not in it goes. Raises UsageError.

    An entry is the listener with its id. Where there is none, as in another installation, it is the one with its name.
    """
    records = {listener.id: listener for listener in bus.listeners.list()}
    named = Counter(entry["id"] for entry in entries if "id" in entry)
    changes, taken, same = [], set(named), _SameInAll(records.values())
    names = {each.name: each for each in records.values() if each.name is not None and each.id not in taken}
    for number, entry in enumerate(entries, 1):
        place = f"{name}: listener {number}"
        if "id" in entry and named[entry["id"]] > 1:
            raise UsageError(f"{place}: the id {entry['id']} occurs twice in the file; give each listener its own id")
        before = records.get(entry.get("id")) or names.pop(entry["name"], None)
        taken |= {before.id} if before else set()
        wanted = _wanted(bus, entry, before, place)
        if "id" not in entry and before is None:
            # Without an id, a listener that is the same in all is this one: a file applied twice changes nothing.
            found = same.as_(entry["notifier_type_id"], wanted)
            before = next((each for each in found if each.id not in taken), None)
            taken |= {before.id} if before else set()
        after = wanted.beside(before)
        if before is None:
            changes.append(Change(CREATE, entry["notifier_type_id"], entry.get("id"), None, after))
            continue
        was = attributes(before)
        action = UNCHANGED if was == after else UPDATE
        changes.append(Change(action, before.notifier_type_id, before.id, was, after))
    if prune:
        gone = (listener for listener in records.values() if listener.id not in taken)
        changes += [Change(DELETE, each.notifier_type_id, each.id, attributes(each), None) for each in gone]
    _refuse_taken_names(changes, records, name)
    return changes


def _refuse_taken_names(changes: Sequence[Change], records: Mapping[str, Listener], name: str) -> None:
    """Raise UsageError if two listeners would have one name in the end."""
    ends = {listener.id: listener.name for listener in records.values()}
    ends |= {each.listener_id: None for each in changes if each.listener_id is not None and each.after is None}
    owner = {text: f"listener {listener_id}" for listener_id, text in ends.items() if text is not None}
    wanted = [(number, each) for number, each in enumerate(changes, 1) if each.after is not None]
    for _, change in wanted:
        if change.before is not None:
            owner.pop(change.before["name"], None)
    for number, change in wanted:
        text = change.after["name"] if change.after else None
        if text is None:
            continue
        if text in owner:
            raise UsageError(
                f"{name}: listener {number}: the name {text!r} is taken: {owner[text]} has it; choose another"
            )
        owner[text] = f"listener {number} of the file"


def attributes(listener: Listener) -> dict[str, Any]:
    """What a file says of a listener."""
    found = in_json(listener)
    return {
        "event_types": list(listener.event_types),
        "notifier_config": thaw(listener.notifier_config),
        **{name: found[name] for name in IN_FILE},
    }


@dataclass(frozen=True)
class _Wanted:
    """What an entry asks for."""

    attributes: dict[str, Any]
    made: frozenset[str]
    """Keys of the configuration whose values are new each time, as of `secret: generate`."""

    def beside(self, listener: Listener | None) -> dict[str, Any]:
        """The attributes for this listener: what was made for it once is not made again."""
        config = self.attributes["notifier_config"]
        if listener is not None:
            stored = thaw(listener.notifier_config)
            config = {key: stored.get(key, value) if key in self.made else value for key, value in config.items()}
        author = self.attributes["author"]
        if author is None and listener is not None:  # a file that says nothing of it makes nobody an administrator
            author = in_json(listener)["author"]
        return {**self.attributes, "notifier_config": config, "author": author}


class _SameInAll:
    """Finds the listeners that are as an entry says, without comparing each with each."""

    def __init__(self, listeners: Iterable[Listener]) -> None:
        self._listeners = list(listeners)
        self._found: dict[frozenset[str], dict[str, list[Listener]]] = {}

    def as_(self, type_id: str, wanted: _Wanted) -> Sequence[Listener]:
        """Those of this type with these attributes, where what is new each time does not count."""
        by_text = self._found.get(wanted.made)
        if by_text is None:
            by_text = self._found[wanted.made] = {}
            for each in self._listeners:
                by_text.setdefault(_text(each.notifier_type_id, attributes(each), wanted.made), []).append(each)
        return by_text.get(_text(type_id, wanted.attributes, wanted.made), ())


def _text(type_id: str, values: Mapping[str, Any], made: frozenset[str]) -> str:
    config = {key: None if key in made else value for key, value in values["notifier_config"].items()}
    return json.dumps([type_id, _numbers({**values, "notifier_config": config})], sort_keys=True)


def _numbers(value: Any) -> Any:
    """The value with each number in one form: 60.0 is 60."""
    if isinstance(value, Mapping):
        return {key: _numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _wanted(bus: EventBus, entry: Mapping[str, Any], before: Listener | None, place: str) -> _Wanted:
    """The attributes that an entry stands for, checked as `create` would."""
    if bad := unfit(entry, ""):
        raise UsageError(f"{place}: {bad}; write what can be stored")
    type_id = entry["notifier_type_id"]
    if before is not None and before.notifier_type_id != type_id:
        ways = ["leave the id out"] * (entry.get("id") == before.id) + ["choose another name"] * (
            before.name is not None and before.name == entry["name"]
        )
        raise UsageError(
            f"{place}: listener {before.id} is of type {before.notifier_type_id}, and the type of a listener cannot "
            f"be changed; {' and '.join(ways)} to create a listener of type {type_id}"
        )
    config, made = _with_secrets(bus, type_id, entry["notifier_config"], before, place), frozenset[str]()
    try:
        if before is None or config != thaw(before.notifier_config):
            notifier = bus.plugins.notifier(type_id)
            author = entry["author"] or (None if before is None else in_json(before)["author"])
            if author is not None and not author["trusted"]:
                Limits(bus.settings).refuse_config(notifier, config)
            given, config = config, validate(notifier, config)[0]
            if config != given:
                again = validate(notifier, given)[0]
                made = frozenset(key for key in config if config[key] != again.get(key))
        options = {name: entry[name] for name in OPTIONS if name in IN_FILE}
        bus.listeners.check(entry["event_types"], notifier_type_id=type_id, listener_id=entry.get("id"), **options)
    except EventsError as error:
        raise UsageError(f"{place}: {error}") from None
    wanted = {"event_types": list(dict.fromkeys(entry["event_types"])), "notifier_config": config}
    return _Wanted({**wanted, **{name: entry[name] for name in IN_FILE}}, made)


def _with_secrets(
    bus: EventBus, type_id: str, given: Mapping[str, Any], before: Listener | None, place: str
) -> dict[str, Any]:
    """The configuration with what is masked in the file taken from the record."""
    stored = {} if before is None else thaw(before.notifier_config)
    shown = {} if before is None else visible(stored, bus.listeners.redacted(before))
    notifier = bus.plugins.notifiers.get(type_id)
    schema = None if notifier is None else notifier.config_schema()
    masked = {
        key for key, value in given.items() if MASK in str(value) and (not schema or has_mask(schema, key, value))
    }
    found, lost = kept({key: given[key] for key in masked}, stored, shown)
    if lost:
        raise UsageError(
            f"{place}, {'.'.join(lost[0])}: its value is masked, and there is no stored value to keep; write the "
            "value, or a reference such as {$env: NAME}, or export it --with-secrets"
        )
    if schema is not None:
        refuse_written_references(given, schema, stored, place)
    return {**given, **found}


def shown(bus: EventBus, type_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes in one level, without secrets: `notifier_config.url` → its value."""
    notifier = bus.plugins.notifiers.get(type_id)
    config = values["notifier_config"]
    config = dict.fromkeys(config, MASK) if notifier is None else redact(notifier.config_schema(), config)
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if key == "notifier_config":
            flat |= {f"{key}.{name}": text for name, text in config.items()}
        else:
            flat[key] = value
    return flat
