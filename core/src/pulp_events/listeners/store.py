"""`ListenerStore`: the protocol through which listener records are reached."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

from pulp_events.listeners.listener import Listener


class ListenerStore(Protocol):
    """A home for listener records. Every method may raise StoreError; each change is atomic and durable on return.

    Several threads and processes use one home at once.
    """

    def version(self) -> Hashable | None:
        """Something that differs after every change, cheap to ask for; None while nothing was ever stored."""

    def all(self) -> Sequence[Listener]:
        """Every record, in the order of creation."""

    def add(self, listener: Listener) -> None:
        """Store a new record; StoreError if its id is there already."""

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        """Replace a record by `change(record)` while nobody else can change it; nothing is written if that is equal.

        Returns the record that holds now. ListenerNotFound if there is none; what `change` raises passes through, and
        nothing is stored.
        """

    def remove(self, listener_id: str) -> Listener:
        """Delete and return a record; ListenerNotFound if there is none."""

    def close(self) -> None:
        """Let go of connections. The store is not used afterwards."""
