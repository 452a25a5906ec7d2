"""`Listener`: the record that connects event types with a notifier, and the table of its attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypedDict

from pulp_events.events.own_names import OWN
from pulp_events.frozen import FrozenDict, freeze
from pulp_events.listeners.attributes import Attribute, InFile, Option, attribute, attributes_of
from pulp_events.listeners.author_kinds import AUTHOR, SCOPE
from pulp_events.listeners.kinds import DURATIONS, EXPRESSION, FLAG, MOMENT, PER_TIME, TEXT, Number, Seconds
from pulp_events.listeners.naming import LABELS, NAME, PROSE

if TYPE_CHECKING:
    from pulp_events.budgets.jmespath_budget import Filter
    from pulp_events.listeners.author import Author


@dataclass(frozen=True)
class Listener:
    """Immutable; a change makes a new record with the same id."""

    id: str
    """24 hex digits."""

    notifier_type_id: str
    notifier_config: Mapping[str, Any] = field(repr=False)
    """As the administrator gave it, validated; JSON values. A secret may be a reference: `{"$env": NAME}`.

    Not in the record's repr, which ends up in logs.
    """

    event_types: tuple[str, ...]
    """Event types or patterns, sorted as given."""

    targets: tuple[str, ...]
    """What the notifier's `targets` made of the configuration when the record was written."""

    created: datetime
    updated: datetime

    name: str | None = attribute(
        NAME,
        "name, which no other listener has",
        option=Option("NAME", "name that can be given instead of the id; no other listener may have it"),
        in_file=InFile("name, which no other listener has"),
    )
    """What it can be called instead of its id. ASCII letters, digits and, between these, `.`, `_` and `-`; at most 64
    characters, and not 24 hex digits."""

    description: str | None = attribute(
        PROSE,
        "what it is for",
        option=Option("TEXT", "what it is for, in words"),
        in_file=InFile("what it is for"),
    )
    """What it is for, in words; at most 1000 characters."""

    labels: Mapping[str, str] = attribute(
        LABELS,
        "labels, key to value",
        default=FrozenDict(),
        option=Option("KEY=VALUE", "label, such as team=ops; may be repeated, replaces all labels", name="label"),
        in_file=InFile("labels, key to value"),
    )
    """Key to value, such as `{"team": "ops"}`: by these, several listeners are found and muted together. Keys are as
    names, values any text of at most 200 characters; at most 32 labels."""

    filter: str | None = attribute(
        EXPRESSION,
        "JMESPath expression over the report",
        option=Option("EXPR", "only events whose report makes this JMESPath expression true"),
        in_file=InFile("JMESPath expression"),
    )
    """JMESPath over the report; the listener gets an event only where it is true."""

    enabled: bool = attribute(
        FLAG, "false: deliveries to it are stopped", default=True, in_file=InFile("whether events are delivered to it")
    )
    disabled_reason: str | None = attribute(TEXT, "why it was disabled")
    """Why it is not enabled, in the words of the dispatcher, or of whoever disabled it and gave a reason."""

    retry_schedule: tuple[float, ...] | None = attribute(
        DURATIONS,
        "seconds between attempts, if it has its own schedule",
        option=Option("WAITS", "delays between attempts, such as 5s,5m,1h, instead of the setting"),
        in_file=InFile("delays between attempts, such as 5s"),
    )
    """Steps between attempts, in seconds, in place of `[delivery] retry_schedule`."""

    lanes: int | None = attribute(
        Number(64),
        "maximum number of concurrent deliveries, if it has its own",
        option=Option("NUMBER", "maximum number of concurrent deliveries; 1 keeps their order"),
        in_file=InFile("maximum number of concurrent deliveries"),
    )
    """How many deliveries may be under way at once, in place of `[delivery] lanes`; 1 keeps the order."""

    timeout: float | None = attribute(
        Seconds(0.1, 86400.0),
        "seconds that an attempt may take, if it has its own limit",
        option=Option("DURATION", "time limit of an attempt, such as 30s, instead of the setting"),
        in_file=InFile("time limit of an attempt, such as 30s"),
    )
    """Seconds, in place of `timeout` in the notifier's section of server.conf; of a notifier without such a setting, in
    place of its `limit`."""

    rate: str | None = attribute(
        PER_TIME,
        "how many attempts of its deliveries are made in a time, at most, such as 10/s",
        option=Option("RATE", "maximum rate of attempts, such as 10/s, 100/m or 1000/h, of all processes together"),
        in_file=InFile("maximum rate of attempts, such as 10/s"),
    )
    """What all processes that deliver may attempt together: `10/s`, `100/m`, `1000/h`; None: as much as they can."""

    expires: float | None = attribute(
        Seconds(1.0, 1e8),
        "seconds after an event from which on it is not delivered any more",
        option=Option("DURATION", "do not deliver an event later than this, such as 10m; it is then dead"),
        in_file=InFile("how long after an event it may be delivered, such as 10m"),
    )
    """Seconds after an event's time from which on its deliveries are not attempted any more, but dead; it holds for
    what is emitted from then on."""

    muted_until: datetime | None = attribute(MOMENT, "end of its mute, while it is muted; ISO 8601, UTC")
    """Nothing is delivered before this moment; None, or a moment that has passed: it is not muted."""

    mute_drops: bool = attribute(FLAG, "true: what is emitted during its mute is recorded as dead", default=False)
    """What is emitted while it is muted: False, it waits; True, it is recorded as dead at once."""

    mute_reason: str | None = attribute(PROSE, "why it is muted, if that was said")
    """Why it is muted, in words; at most 1000 characters."""

    muted_by: str | None = attribute(TEXT, "who muted it")
    """Who muted it, as the history has it."""

    muted_with_all: bool = attribute(
        FLAG, "true: it is muted with all listeners, those created meanwhile too", default=False
    )
    """Its mute is one of all listeners: those that are created before it ends have it, too."""

    scope: str | None = attribute(
        SCOPE,
        "scope that an event must be emitted with; null: see the author",
        option=Option("SCOPE", "only events that are emitted with this scope"),
        in_file=InFile("scope that an event must be emitted with", since=2),
    )
    """It gets only events that are emitted with this scope. None: every event, whatever its scope; of an untrusted
    author, only events without one."""

    author: Author | None = attribute(
        AUTHOR,
        "who made it, if an application said so; not trusted: it is held to [untrusted]",
        in_file=InFile("who made it, and whether it is trusted", since=2),
    )
    """Who made it; None: an administrator. It stays what it is whoever changes the listener, but for
    `Listeners.entrust`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "notifier_config", freeze(self.notifier_config))
        if type(self.labels) is not FrozenDict:
            object.__setattr__(self, "labels", freeze(self.labels))

    @property
    def untrusted(self) -> bool:
        """True if its author is not trusted: it is held to `[untrusted]` at each delivery."""
        return self.author is not None and not self.author.trusted

    @property
    def hears_all(self) -> bool:
        """True if it gets events whatever their scope."""
        return self.scope is None and not self.untrusted

    def hears(self, scope: str | None, event_type: str) -> bool:
        """Whether it may get an event of this type that is emitted with this scope.

        What the event system tells of itself (`own_names.OWN`) is for who gets every event, and, where it tells of a
        listener, for those that `about.audience.may_hear` names.
        """
        if self.hears_all:
            return True
        return scope == self.scope and event_type not in OWN

    @cached_property
    def condition(self) -> Filter | None:
        """The filter, compiled once for this record. Raises InvalidConfig, which records of our stores do not."""
        if self.filter is None:
            return None
        from pulp_events.listeners.filters import compile_filter

        return compile_filter(self.filter)

    def muted_for(self, now: float) -> float:
        """Seconds until its mute ends, 0 if it is not muted; `now`: seconds since the epoch."""
        return 0.0 if self.muted_until is None else max(0.0, self.muted_until.timestamp() - now)


ATTRIBUTES: Final[Mapping[str, Attribute]] = attributes_of(Listener)
"""Name → what is said of it, in the order in which records and JSON have them."""


class Options(TypedDict, total=False):
    """The types of what `create` and `update` take by name: each attribute with an option, held to that by a test.

    None is the default, for `update` as well: it removes what was set.
    """

    name: str | None
    description: str | None
    labels: Mapping[str, str] | None
    filter: str | None
    retry_schedule: Sequence[float] | None
    lanes: int | None
    timeout: float | None
    rate: str | None
    expires: float | None
    scope: str | None


OPTIONS: Final[Mapping[str, Attribute]] = {name: each for name, each in ATTRIBUTES.items() if each.option}
"""Those that `create` and `update` take."""
