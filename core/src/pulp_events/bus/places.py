"""Where records are, for people: what a store says of itself, and what that is for a bus as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from pulp_events.listeners.store import ListenerStore
from pulp_events.outbox.store import Outbox
from pulp_events.visible import one_line


@runtime_checkable
class HasPlace(Protocol):
    """Optional attribute of a store of either kind."""

    @property
    def place(self) -> str:
        """Where the records are, in one line without secrets: `PostgreSQL at db.example/pulp, schema public`."""


def place_of(store: object) -> str:
    """Where a store has its records; of one that does not say, whose it is."""
    if isinstance(store, HasPlace):
        return one_line(str(store.place))
    return f"a store of {type(store).__module__.partition('.')[0]}"


def described(outbox: Outbox, listeners: ListenerStore, folder: Path) -> str:
    """Where a process delivers from: the data folder, unless something is elsewhere."""
    deliveries, records = place_of(outbox), place_of(listeners)
    inside = [Path(place).parent == folder for place in (deliveries, records)]
    if all(inside):
        return str(folder)
    return deliveries if records == deliveries else f"{deliveries}, for listeners in {records}"
