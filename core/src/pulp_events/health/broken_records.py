"""What is wrong with records that are no listeners."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from pulp_events.listeners.store import ListenerStore


class BrokenRecords:
    """What is wrong with them, read again when any record changed."""

    def __init__(self, store: ListenerStore) -> None:
        self._store = store
        self._version: Hashable = None
        self._texts: Sequence[str] = ()

    def texts(self) -> Sequence[str]:
        """A sentence for each. Raises StoreError."""
        version = self._store.version()
        if version is None or version != self._version:
            self._texts, self._version = [*self._store.broken().values()], version
        return self._texts
