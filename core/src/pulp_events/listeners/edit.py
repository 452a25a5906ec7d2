"""`Edit`: several changes of listener records that are stored together, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pulp_events.errors import ListenerNotFound, StoreCorrupt, StoreError
from pulp_events.listeners.listener import Listener


class Edit:
    """The records as they are, and what becomes of them. `ListenerStore.edit` gives one to the function that it runs.

    `broken`: id → why, of records that are no listeners: they stay as they are, and their ids are taken.
    """

    def __init__(self, records: Iterable[Listener], broken: Mapping[str, str]) -> None:
        self._records = {record.id: record for record in records}
        self._broken = broken
        self.added: dict[str, Listener] = {}
        """New records in order, by id."""
        self.changed: dict[str, Listener] = {}
        """Records that replace the one with their id."""
        self.removed: dict[str, Listener] = {}
        """Records that go, as they were; one with the same id may be among `added`."""

    def __bool__(self) -> bool:
        """True if there is anything to store."""
        return bool(self.added or self.changed or self.removed)

    def get(self, listener_id: str) -> Listener | None:
        """The record with this id, with the changes made so far."""
        return self._records.get(listener_id)

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
            self._records[listener_id] = after
            (self.added if listener_id in self.added else self.changed)[listener_id] = after
        return after

    def remove(self, listener_id: str) -> Listener:
        """Delete and return a record; ListenerNotFound if there is none."""
        found = self._find(listener_id)
        del self._records[listener_id]
        self.changed.pop(listener_id, None)
        if self.added.pop(listener_id, None) is None:
            self.removed[listener_id] = found
        return found

    def _find(self, listener_id: str) -> Listener:
        found = self._records.get(listener_id)
        if found is None:
            if listener_id in self._broken:
                raise StoreCorrupt(self._broken[listener_id])
            raise ListenerNotFound(
                f"no listener has the id {listener_id!r}; `pulp-admin event listener list` shows them"
            )
        return found
