"""`ListenerStore`: the protocol through which listener records are reached."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from pulp_events.listeners.edit import Edit
from pulp_events.listeners.listener import Listener

if TYPE_CHECKING:
    from pulp_events.events.remembered import RememberedType
    from pulp_events.listeners.history import HistoryQuery, ListenerChange

T = TypeVar("T")


class ListenerStore(Protocol):
    """A store of listener records. Every method may raise StoreError; each change is atomic and durable on return.

    Threads and processes share it. A record that is not a valid listener, for example after editing by hand, is skipped
    and left unchanged; `broken` names it, and the log does once.
    """

    def version(self) -> Hashable | None:
        """A value that differs after every change, and is cheap to get; None before anything was stored."""

    def all(self) -> Sequence[Listener]:
        """Every record, in the order of creation."""

    def broken(self) -> Mapping[str, str]:
        """For each record that `all` skips: id → what is wrong, where, and what to do."""

    def add(self, listener: Listener) -> None:
        """Store a new record; StoreError if its id is there already."""

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        """Replace a record by `change(record)` while nobody else can change it; nothing is written if they are equal.

        Returns the resulting record. Raises ListenerNotFound if there is none; an exception from `change` is passed on,
        and nothing is stored.
        """

    def remove(self, listener_id: str) -> Listener:
        """Delete and return a record; ListenerNotFound if there is none."""

    def edit(self, make: Callable[[Edit], T]) -> T:
        """Run `make(edit)` while nobody else can change a record or run another edit, and store all its changes in one
        write.

        Unique names depend on this: each change that sets a name is an edit, which looks for it in all records. Returns
        what `make` returns; an exception from it is passed on, and nothing is stored. A store that has to try again
        calls `make` again, so it must have no other effects.
        """

    def close(self) -> None:
        """Close connections. The store is not used afterwards."""


@runtime_checkable
class ChecksWriting(Protocol):
    """Optional further method of a `ListenerStore` that can tell without reading its records."""

    def check_writing(self) -> None:
        """Raise StoreError if a change could not be stored now. Nothing is changed."""


@runtime_checkable
class JoinsTransactions(Protocol):
    """Optional further method of a `ListenerStore` in a database that applications may have, too."""

    def edit_within(self, connection: Any, make: Callable[[Edit], T], only: str | None = None) -> T:
        """`edit`, in the transaction of `connection`: what is stored, with its history, is there if that commits, and
        others are told of it then.

        `connection`: what the application's library gives it; begins a transaction if that is its way. `only`: id of
        the one listener that is looked at, as with `edit_one`. If `make` raises, or the store does, the transaction is
        as it was, and can go on. Raises StoreError for a connection that cannot take part, saying which can.
        """


@runtime_checkable
class AsksThrough(Protocol):
    """Optional further method of a `ListenerStore`: an emit with a connection needs no other one."""

    def through(self, connection: Any) -> AbstractContextManager[None]:
        """What this thread asks for in the block may be asked on the application's connection. What its transaction
        changed is not seen before it commits. A connection that cannot be used is passed over."""


@runtime_checkable
class ListenerHistory(Protocol):
    """Optional further methods of a `ListenerStore` that keeps who changed what.

    `ListenerStore.edit` then stores `edit.history` together with the changes: after a crash at any moment, both are
    there or neither is. `[events] keep_history` says how long it is kept.
    """

    def edit_one(self, listener_id: str, make: Callable[[Edit], T]) -> T:
        """Like `edit`, for changes of this one listener, whether or not it exists; other records need not be read.

        But for a new one those with `muted_with_all`: it is muted as they are.
        """

    def history(self, query: HistoryQuery) -> Sequence[ListenerChange]:
        """Matching changes, newest first."""


@runtime_checkable
class RemembersTypes(Protocol):
    """Optional further methods of a `ListenerStore`: the event types of applications, for programs that do not have
    them, such as `pulp-admin`. Without them, such programs know the types of installed plugins.

    A change here is no change of a listener: `version` stays as it is.
    """

    def remember_types(self, told: Mapping[str, RememberedType]) -> None:
        """Keep these, by name, in place of what was kept under the same names, durable on return.

        Nothing is written where `remembered.merged` finds nothing new; at most `remembered.MOST` are kept.
        """

    def remembered_types(self) -> Mapping[str, RememberedType]:
        """All that is kept, by name, sorted. What no release of ours wrote is left out."""

    def forget_types(self, names: Collection[str]) -> int:
        """Drop these; returns how many of them there were."""
