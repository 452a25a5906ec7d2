"""The columns of `listener list`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pulp_events_cli.listener_attributes import labels_text
from pulp_events_cli.output import listener_records
from pulp_events_cli.output.id_kinds import LISTENER_ID
from pulp_events_cli.output.kinds import DETAIL, MOMENT
from pulp_events_cli.output.table import Column, Table
from pulp_events_cli.output.text import first_line

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener
    from pulp_events.outbox.records import Health


class Row(NamedTuple):
    """A listener, and what has to be looked up for it."""

    bus: EventBus
    listener: Listener
    health: Mapping[str, Health] | None = None

    @property
    def state(self) -> str:
        """Whether it gets events: a word."""
        if not self.listener.enabled:
            return "disabled"
        return "muted" if self.listener.muted_for(self.bus.clock.time()) else "enabled"

    @property
    def muted(self) -> str | None:
        """Until when, by whom and why it is muted; None if it is not."""
        muted = self.listener.muted_for(self.bus.clock.time())
        return listener_records.mute_text(self.listener) if muted else None

    def of_health(self, name: str) -> Any:
        """A part of how its deliveries went; None if that was not looked up."""
        return None if self.health is None else listener_records.health_of(self.listener, self.health)[name]

    @property
    def failure(self) -> str | None:
        """What its last attempt came to, if that failed."""
        return first_line(self.of_health("detail") or "") or None if self.of_health("failures") else None


_OF_HEALTH = ("last_outcome", "detail", "last_success", "failures", "failing_since")

LISTENERS = Table(
    "listeners",
    Column("id", lambda row: row.listener.id, kind=LISTENER_ID, rank=0),
    Column("name", lambda row: row.listener.name, rank=1, least=10),
    Column("type", lambda row: row.listener.notifier_type_id, rank=2, least=8),
    Column("event_types", lambda row: row.listener.event_types, rank=4, least=12),
    Column("state", lambda row: row.state, rank=3),
    Column("muted", lambda row: row.muted, rank=6, least=12),
    Column("last_outcome", lambda row: row.of_health("last_outcome"), rank=5),
    Column("detail", lambda row: row.failure, kind=DETAIL, rank=5, least=18),
    Column("last_success", lambda row: row.of_health("last_success"), kind=MOMENT, rank=6),
    Column("failures", lambda row: row.of_health("failures"), extra=True, right=True),
    Column("failing_since", lambda row: row.of_health("failing_since"), kind=MOMENT, extra=True),
    Column("labels", lambda row: labels_text(row.listener.labels), rank=7, least=8),
    Column("filter", lambda row: row.listener.filter, least=12, extra=True),
    Column("targets", lambda row: [each for each in row.listener.targets if each], least=12, extra=True),
    Column("created", lambda row: row.listener.created, kind=MOMENT, extra=True),
    Column("updated", lambda row: row.listener.updated, kind=MOMENT, extra=True),
)


def needs_health(arguments: argparse.Namespace) -> bool:
    """True if a column that is asked for, or sorted by, says how deliveries went."""
    named = {*(arguments.columns or ()), (arguments.sort or "").removeprefix("-")}
    return not named.isdisjoint(_OF_HEALTH)
