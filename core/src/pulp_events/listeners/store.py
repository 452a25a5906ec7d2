"""`ListenerStore`: the protocol through which listener records are reached."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from pulp_events.listeners.edit import Edit
from pulp_events.listeners.listener import Listener

if TYPE_CHECKING:
    from pulp_events.listeners.history import HistoryQuery, ListenerChange

T = TypeVar("T")


class ListenerStore(Protocol):
    """A home for listener records. Every method may raise StoreError; each change is atomic and durable on return.

    Several threads and processes use one home at once. A record that is no listener, as after a mistake by hand, is
    left out and left as it is; `broken` names it, and so does the log, once.
    """

    def version(self) -> Hashable | None:
        """Something that differs after every change, cheap to ask for; None while nothing was ever stored."""

    def all(self) -> Sequence[Listener]:
        """Every record, in the order of creation."""

    def broken(self) -> Mapping[str, str]:
        """Id → what is wrong, where, and what to do, of each record that `all` leaves out."""

    def add(self, listener: Listener) -> None:
        """Store a new record; StoreError if its id is there already."""

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        """Replace a record by `change(record)` while nobody else can change it; nothing is written if that is equal.

        Returns the record that holds now. ListenerNotFound if there is none; what `change` raises passes through, and
        nothing is stored.
        """

    def remove(self, listener_id: str) -> Listener:
        """Delete and return a record; ListenerNotFound if there is none."""

    def edit(self, make: Callable[[Edit], T]) -> T:
        """Run `make(edit)` while nobody else can change a record or run another edit, and store all that it did in one
        write.

        That names are unique rests upon this: each change that sets one is an edit, which looks for it in all records.
        Returns what `make` returns; what it raises passes through, and nothing is stored. It may be run more than once
        where a store has to try again, so it does nothing besides.
        """

    def close(self) -> None:
        """Let go of connections. The store is not used afterwards."""


@runtime_checkable
class ListenerHistory(Protocol):
    """What a `ListenerStore` has beside if it also keeps who changed what; one that does not need not have it.

    `ListenerStore.edit` then stores `edit.history` together with what it tells of: after a crash at any moment both are
    there, or neither. How long it is kept: `[events] keep_history`.
    """

    def edit_one(self, listener_id: str, make: Callable[[Edit], T]) -> T:
        """As `edit`, for changes of this one listener, which there may or may not be: others need not be looked at."""

    def history(self, query: HistoryQuery) -> Sequence[ListenerChange]:
        """Changes that fit, the newest first."""
