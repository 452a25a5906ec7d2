"""`ListenerChange`: what became of a listener, by whom and when, as it is kept. It holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pulp_events.frozen import freeze, thaw
from pulp_events.listeners.document import from_document
from pulp_events.listeners.kinds import MOMENT, TEXT, TEXTS
from pulp_events.listeners.listener import ATTRIBUTES, Listener
from pulp_events.listeners.muting import MUTE

CONFIG = "notifier_config"
_STAMPS = ("updated",)
_SWITCHES = {"enabled", "disabled_reason"}


class Action(StrEnum):
    """What was done, in a word."""

    CREATED = "created"
    UPDATED = "updated"
    ENABLED = "enabled"
    DISABLED = "disabled"
    MUTED = "muted"
    UNMUTED = "unmuted"
    DELETED = "deleted"


@dataclass(frozen=True)
class Difference:
    """One value that became another."""

    key: str
    """Attribute, or `notifier_config.KEY`."""
    before: Any
    """As JSON; None: there was none."""
    after: Any
    hidden: bool = False
    """Both are masked, or are shown without what differs: that they differ is all that is said of them."""


@dataclass(frozen=True)
class ListenerChange:
    """One change of one listener."""

    time: datetime
    by: str
    """Who changed it: a user, a program, or `dispatcher`."""
    listener_id: str
    before: Mapping[str, Any] | None = field(repr=False)
    """The record as `document.to_document` has it, its configuration redacted; None: it was created."""
    after: Mapping[str, Any] | None = field(repr=False)
    """None: it was deleted."""
    hidden: tuple[str, ...] = ()
    """Keys, as in `Difference`, whose values differ and look the same where secrets are masked."""

    def __post_init__(self) -> None:
        for name in ("before", "after"):
            if (record := getattr(self, name)) is not None:
                object.__setattr__(self, name, freeze(record))

    @property
    def name(self) -> str | None:
        """What the listener was called afterwards, or before it was deleted."""
        found: str | None = (self.after or self.before or {}).get("name")
        return found

    @property
    def action(self) -> Action:
        """What was done."""
        if self.before is None:
            return Action.CREATED
        if self.after is None:
            return Action.DELETED
        changed = {each.key for each in self.differences()}
        if changed and changed <= _SWITCHES:
            return Action.ENABLED if self.after.get("enabled", True) else Action.DISABLED
        if changed and changed <= set(MUTE):
            return Action.MUTED if self.after.get("muted_until") else Action.UNMUTED
        return Action.UPDATED

    def differences(self) -> list[Difference]:
        """What differs between the two records; everything that there is, if there was none before or is none now."""
        was, now = _flat(self.before), _flat(self.after)
        pairs = {key: (was.get(key), now.get(key)) for key in dict.fromkeys([*was, *now, *self.hidden])}
        return [
            Difference(key, before, after, hidden=before == after)
            for key, (before, after) in pairs.items()
            if before != after or key in self.hidden
        ]

    def listener_before(self) -> Listener | None:
        """The record that was changed, secrets masked; None: there was none. Raises ValueError where it is damaged."""
        return None if self.before is None else from_document(self.before)


@dataclass(frozen=True)
class HistoryQuery:
    """Which changes; None stands for any."""

    listener_id: str | None = None
    since: datetime | None = None
    """Changes of this moment and later."""
    until: datetime | None = None
    """Changes before this moment."""
    limit: int | None = None
    """At most so many, the newest."""


def change_to_document(change: ListenerChange) -> dict[str, Any]:
    """JSON values."""
    return {
        "time": MOMENT.dump(change.time),
        "by": change.by,
        "listener_id": change.listener_id,
        "before": None if change.before is None else thaw(change.before),
        "after": None if change.after is None else thaw(change.after),
        **({"hidden": list(change.hidden)} if change.hidden else {}),
    }


def change_from_document(document: object) -> ListenerChange:
    """The change; raises ValueError that says what is wrong with what is none."""
    if not isinstance(document, Mapping):
        raise ValueError("it must be an object")
    before, after = document.get("before"), document.get("after")
    if not all(record is None or isinstance(record, Mapping) for record in (before, after)):
        raise ValueError("before and after must be objects")
    return ListenerChange(
        MOMENT.load("time", document.get("time")),
        TEXT.load("by", document.get("by")),
        TEXT.load("listener_id", document.get("listener_id")),
        before,
        after,
        TEXTS.load("hidden", document.get("hidden", [])),
    )


def _flat(record: Mapping[str, Any] | None) -> dict[str, Any]:
    """Key and value of a record, each key of its configuration by itself, and attributes that hold their default."""
    if record is None:
        return {}
    found = {key: value for key, value in record.items() if key not in (CONFIG, *_STAMPS)}
    config = record.get(CONFIG)
    values = config.items() if isinstance(config, Mapping) else ()
    defaults = {name: each.kind.dump(each.default) for name, each in ATTRIBUTES.items() if each.default is not None}
    return thaw({**defaults, **found, **{f"{CONFIG}.{key}": value for key, value in values}})  # type: ignore[no-any-return]
