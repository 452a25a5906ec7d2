"""`Listener`: the record that connects event types with a notifier, and the table of its attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypedDict

from pulp_events.frozen import freeze
from pulp_events.listeners.attributes import Attribute, InFile, Option, attribute, attributes_of
from pulp_events.listeners.filters import compile_filter
from pulp_events.listeners.kinds import DURATIONS, EXPRESSION, FLAG, MOMENT, TEXT, Number

if TYPE_CHECKING:
    from pulp_events.budgets.jmespath_budget import Filter


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
    """Why it is not enabled, where it was not an administrator who disabled it."""

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

    muted_until: datetime | None = attribute(MOMENT, "end of its mute, while it is muted; ISO 8601, UTC")
    """Nothing is delivered before this moment; None, or a moment that has passed: it is not muted."""

    mute_drops: bool = attribute(FLAG, "true: what is emitted during its mute is recorded as dead", default=False)
    """What is emitted while it is muted: False, it waits; True, it is recorded as dead at once."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "notifier_config", freeze(self.notifier_config))

    @cached_property
    def condition(self) -> Filter | None:
        """The filter, compiled once for this record. Raises InvalidConfig, which records of our stores do not."""
        return None if self.filter is None else compile_filter(self.filter)

    def muted_for(self, now: float) -> float:
        """Seconds until its mute ends, 0 if it is not muted; `now`: seconds since the epoch."""
        return 0.0 if self.muted_until is None else max(0.0, self.muted_until.timestamp() - now)


ATTRIBUTES: Final[Mapping[str, Attribute]] = attributes_of(Listener)
"""Name → what is said of it, in the order in which records and JSON have them."""


class Options(TypedDict, total=False):
    """The types of what `create` and `update` take by name: each attribute with an option, held to that by a test.

    None is the default, for `update` as well: it removes what was set.
    """

    filter: str | None
    retry_schedule: Sequence[float] | None
    lanes: int | None


OPTIONS: Final[Mapping[str, Attribute]] = {name: each for name, each in ATTRIBUTES.items() if each.option}
"""Those that `create` and `update` take."""
