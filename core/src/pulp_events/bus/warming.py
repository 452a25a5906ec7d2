"""What a process may do before it forks, so that its children need not: `EventBus.warm_up`."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol, runtime_checkable

from pulp_events.bus.emitter import Emitter
from pulp_events.errors import InvalidConfig
from pulp_events.events.event_type import EventTypes
from pulp_events.listeners.index import ListenerIndex


@runtime_checkable
class Rests(Protocol):
    """Optional method of a store of either kind."""

    def rest(self) -> None:
        """Close what is open and end threads, until the store is used again. Nobody uses it meanwhile."""


def warm_up(emitter: Emitter, index: ListenerIndex, event_types: EventTypes) -> None:
    """Read the listeners, compile their filters and the schemas of event types. Raises StoreError."""
    for listener in index.all():
        with suppress(InvalidConfig):  # of a foreign store; it is passed over at each emit, too
            listener.condition  # noqa: B018  # compiled once
    for event_type in event_types:
        index.matching(event_type.name)
        emitter.warm_up(event_type.name)


def rest(*stores: object) -> None:
    """Let stores rest that can."""
    for store in stores:
        if isinstance(store, Rests):
            store.rest()
