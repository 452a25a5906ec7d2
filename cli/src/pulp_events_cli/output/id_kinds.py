"""The ids that tables show, as kinds of values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pulp_events_cli.output.kinds import Forms, Ids, NamedIds

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus


def _forms(of: str) -> Callable[[EventBus, Sequence[str]], Forms]:
    """What shortens them, imported for terminals only."""

    def forms(bus: EventBus, ids: Sequence[str]) -> Forms:
        from pulp_events_cli.ids import shortening

        found: Forms = getattr(shortening, of)(bus, ids)
        return found

    return forms


DELIVERY_ID = Ids(_forms("deliveries"))
EVENT_ID = Ids(_forms("events"))
LISTENER_ID = Ids(_forms("listeners"))
LISTENER = NamedIds(_forms("named_listeners"))
"""A listener's id in a pipe; on a terminal its name, if it has one."""
