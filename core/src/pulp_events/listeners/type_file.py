"""`TypeFile`: the event types of applications, in a file beside the listener records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pulp_events.events.remembered import RememberedType, from_document, merged
from pulp_events.listeners.atomic_storage import AtomicJSONStorage
from pulp_events.listeners.kinds import MOMENT
from pulp_events.system import data_dir
from pulp_events.system.file_lock import locked

FILE_NAME = "event-types.json"
_TABLE = "types"


class TypeFile:
    """Read and written whole, as types are few; under a lock of its own, so that no change of a listener waits for it.

    A file of its own: records are read again whenever theirs changes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME

    def read(self) -> dict[str, RememberedType]:
        """All that is kept, by name. Raises StoreError."""
        return _from_tables(self._storage().read())

    def remember(self, told: Mapping[str, RememberedType]) -> None:
        """Keep these, unless nothing in them is new. Raises StoreError."""
        if merged(self.read(), told) is None:
            return
        data_dir.prepare(self._folder)
        with locked(self._path.with_suffix(".lock")):
            storage = self._storage()
            found = merged(_from_tables(storage.read()), told)
            if found is not None:
                storage.write(_to_tables(found))

    def forget(self, names: Collection[str]) -> int:
        """Drop these; returns how many there were. Raises StoreError."""
        if not self._path.exists():
            return 0
        with locked(self._path.with_suffix(".lock")):
            storage = self._storage()
            found = _from_tables(storage.read())
            left = {name: each for name, each in found.items() if name not in names}
            if len(left) < len(found):
                storage.write(_to_tables(left))
            return len(found) - len(left)

    def _storage(self) -> AtomicJSONStorage:
        return AtomicJSONStorage(self._path, "event types")


def _to_tables(found: Mapping[str, RememberedType]) -> dict[str, dict[str, Any]]:
    return {
        _TABLE: {
            name: {**each.document(), "source": each.source, "last_seen": MOMENT.dump(each.last_seen)}
            for name, each in found.items()
        }
    }


def _from_tables(tables: Mapping[str, Mapping[str, Any]] | None) -> dict[str, RememberedType]:
    found = {}
    for name, document in (tables or {}).get(_TABLE, {}).items():
        if isinstance(document, Mapping) and (moment := _moment(document)) is not None:
            each = from_document(name, document, document.get("source", ""), moment)
            if each is not None:
                found[name] = each
    return found


def _moment(document: Mapping[str, Any]) -> datetime | None:
    try:
        found: datetime = MOMENT.load("last_seen", document.get("last_seen"))
    except ValueError:
        return None
    return found
