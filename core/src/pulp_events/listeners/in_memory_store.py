"""`InMemoryListenerStore`: listener records without any file, for tests of applications."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import TypeVar

from pulp_events.events.remembered import RememberedType, merged
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.history import HistoryQuery, ListenerChange
from pulp_events.listeners.listener import Listener

T = TypeVar("T")


class InMemoryListenerStore:
    """Implements `ListenerStore` for one process, with its history; gone when nobody holds it any more."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._records: dict[str, Listener] = {}
        self._changes: list[ListenerChange] = []
        self._version = 0
        self._types: dict[str, RememberedType] = {}

    @property
    def place(self) -> str:
        """See `HasPlace`."""
        return "memory"

    def version(self) -> Hashable | None:
        return self._version or None

    def all(self) -> Sequence[Listener]:
        with self._lock:
            return list(self._records.values())

    def broken(self) -> Mapping[str, str]:
        return {}

    def add(self, listener: Listener) -> None:
        self.edit(lambda edit: edit.add(listener))

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        return self.edit(lambda edit: edit.change(listener_id, change))

    def remove(self, listener_id: str) -> Listener:
        return self.edit(lambda edit: edit.remove(listener_id))

    def edit(self, make: Callable[[Edit], T]) -> T:
        with self._lock:
            edit = Edit(self._records.values(), {})
            result = make(edit)
            if edit:
                kept = {
                    key: edit.changed.get(key, one) for key, one in self._records.items() if key not in edit.removed
                }
                self._records = {**kept, **edit.added}
                self._changes += edit.history
                self._version += 1
            return result

    def edit_one(self, listener_id: str, make: Callable[[Edit], T]) -> T:
        return self.edit(make)

    def history(self, query: HistoryQuery) -> Sequence[ListenerChange]:
        with self._lock:
            found = [
                change
                for change in reversed(self._changes)
                if query.listener_id in (None, change.listener_id)
                and (query.since is None or change.time >= query.since)
                and (query.until is None or change.time < query.until)
            ]
        return found[: query.limit]

    def remember_types(self, told: Mapping[str, RememberedType]) -> None:
        with self._lock:
            self._types = merged(self._types, told) or self._types

    def remembered_types(self) -> Mapping[str, RememberedType]:
        return dict(self._types)

    def forget_types(self, names: Collection[str]) -> int:
        with self._lock:
            before = len(self._types)
            self._types = {name: each for name, each in self._types.items() if name not in names}
            return before - len(self._types)

    def close(self) -> None:
        """It lives as long as somebody holds it."""
