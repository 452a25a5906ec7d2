"""`Edit`: several changes of listener records that are stored together, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pulp_events.errors import NameTaken, StoreCorrupt, StoreError
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.lookup import named, not_found
from pulp_events.system.ids import is_listener_id

if TYPE_CHECKING:
    from pulp_events.listeners.history import ListenerChange


class Edit:
    """The records as they are, and what becomes of them. `ListenerStore.edit` gives one to the function that it runs.

    Where a method takes an id it also takes a name: the one that the listener has by then.

    `broken`: id → why, of records that are no listeners: they stay as they are, and their ids are taken.
    """

    def __init__(self, records: Iterable[Listener], broken: Mapping[str, str]) -> None:
        self._records = {record.id: record for record in records}
        self._before = dict(self._records)
        self._broken = broken
        self.added: dict[str, Listener] = {}
        """New records in order, by id."""
        self.changed: dict[str, Listener] = {}
        """Records that replace the one with their id."""
        self.removed: dict[str, Listener] = {}
        """Records that go, as they were; one with the same id may be among `added`."""
        self.history: Sequence[ListenerChange] = ()
        """What a store that keeps a history is to add to it, in the same write."""
        self.sees: Callable[[Listener], bool] | None = None
        """Which records may be found by id or name: to an untrusted author there are no others. None: all."""

    def __bool__(self) -> bool:
        """True if there is anything to store."""
        return bool(self.added or self.changed or self.removed)

    def get(self, listener_id: str) -> Listener | None:
        """The record with this id, with the changes made so far."""
        if is_listener_id(listener_id):
            found = self._records.get(listener_id)
            return found if found is None or self.sees is None or self.sees(found) else None
        records = self._records.values()
        return named(records if self.sees is None else filter(self.sees, records), listener_id)

    def all(self) -> list[Listener]:
        """Every record, with the changes made so far."""
        return list(self._records.values())

    def add(self, listener: Listener) -> None:
        """A new record; StoreError if its id is there already."""
        if listener.id in self._records or listener.id in self._broken:
            raise StoreError(f"a listener with id {listener.id} already exists; nothing was stored")
        self._records[listener.id] = self.added[listener.id] = listener

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        """Replace a record by `change(record)`, and return it; ListenerNotFound if there is none."""
        before = self._find(listener_id)
        after = change(before)
        if after != before:
            self._records[before.id] = after
            (self.added if before.id in self.added else self.changed)[before.id] = after
        return after

    def remove(self, listener_id: str) -> Listener:
        """Delete and return a record; ListenerNotFound if there is none."""
        found = self._find(listener_id)
        del self._records[found.id]
        self.changed.pop(found.id, None)
        if self.added.pop(found.id, None) is None:
            self.removed[found.id] = found
        return found

    def changes(self) -> list[tuple[Listener | None, Listener | None]]:
        """Each record that changes, as it was and as it will be; None: there is none."""
        ids = dict.fromkeys([*self.removed, *self.changed, *self.added])
        return [(self._before.get(each), self._records.get(each)) for each in ids]

    def refuse_taken_names(self) -> None:
        """Raise NameTaken if a record that was added or changed would have another one's name.

        For the end of an edit: in the middle of it, two listeners may swap their names.
        """
        new = {each.name: each for each in (*self.added.values(), *self.changed.values()) if each.name is not None}
        if not new:
            return
        for other in self._records.values():
            mine = new.get(other.name) if other.name is not None else None
            if mine is not None and mine.id != other.id:
                raise NameTaken(
                    f"the name {other.name!r} is taken: listener {other.id} has it; choose another, or rename that one"
                )

    def _find(self, listener_id: str) -> Listener:
        found = self.get(listener_id)
        if found is None:
            if listener_id in self._broken and self.sees is None:
                raise StoreCorrupt(self._broken[listener_id])
            raise not_found(listener_id)
        return found
