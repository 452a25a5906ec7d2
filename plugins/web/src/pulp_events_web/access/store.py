"""`DATA_DIR/web.json`: tokens, sessions that were ended, the key that signs them. Mode 0600; tokens are hashes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulp_events.listeners.atomic_storage import AtomicJSONStorage
from pulp_events.system import data_dir
from pulp_events.system.file_lock import locked

FILE_NAME = "web.json"
Tables = dict[str, dict[str, Any]]


class AccessStore:
    """Readers take no lock, as each change replaces the file as a whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / FILE_NAME

    def table(self, name: str) -> Mapping[str, Any]:
        """One table as it is now. Raises StoreError, StoreCorrupt."""
        return (self._storage().read() or {}).get(name, {})

    @contextmanager
    def changing(self) -> Iterator[Tables]:
        """All tables, under the lock; what the block leaves is written. Raises StoreBusy, StoreError, StoreCorrupt."""
        data_dir.prepare(self._folder)
        data_dir.check(self._folder)
        with locked(self.path.with_suffix(".lock")):
            storage = self._storage()
            tables = storage.read() or {}
            yield tables
            storage.write(tables)

    def _storage(self) -> AtomicJSONStorage:
        return AtomicJSONStorage(self.path, "web access")
