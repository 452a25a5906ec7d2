"""`Listener`: the record that connects event types with a notifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pulp_events.frozen import freeze
from pulp_events.listeners.filters import compile_filter

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

    filter: str | None = None
    """JMESPath over the report; the listener gets an event only where it is true."""

    enabled: bool = True
    disabled_reason: str | None = None
    """Why it is not enabled, where it was not an administrator who disabled it."""

    retry_schedule: tuple[float, ...] | None = None
    """Steps between attempts, in seconds, in place of `[delivery] retry_schedule`."""

    lanes: int | None = None
    """How many deliveries may be under way at once, in place of `[delivery] lanes`; 1 keeps the order."""

    muted_until: datetime | None = None
    """Nothing is delivered before this moment; None, or a moment that has passed: it is not muted."""

    mute_drops: bool = False
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
