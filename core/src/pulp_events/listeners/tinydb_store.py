"""The home of listener records unless a plugin offers another: a TinyDB file."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tinydb import TinyDB, where
from tinydb.table import Table

from pulp_events import data_dir
from pulp_events.errors import ListenerNotFound, StoreCorrupt, StoreError
from pulp_events.file_lock import locked
from pulp_events.file_version import FileVersions
from pulp_events.listeners.atomic_storage import AtomicJSONStorage
from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.listener import Listener

FILE_NAME = "listeners.json"
HOLD = 0.001
"""Seconds for which a version holds. To look at each of thousands of events a second took a fifth of an `emit`."""


class TinyDBListenerStore:
    """Records in `DATA_DIR/listeners.json`; changes are made under the lock `DATA_DIR/listeners.lock`.

    Readers take no lock: a change replaces the file as a whole.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._lock_path = self._path.with_suffix(".lock")
        self._name = str(self._path)
        self._versions = FileVersions()

    def version(self) -> Hashable | None:
        return self._versions.of(self._name, HOLD)

    def all(self) -> Sequence[Listener]:
        return self._records(self._table())

    def add(self, listener: Listener) -> None:
        with self._locked():
            table = self._table()
            if any(known.id == listener.id for known in self._records(table)):
                raise StoreError(f"a listener with id {listener.id} exists already; nothing was stored")
            table.insert(to_document(listener))

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        with self._locked():
            table = self._table()
            before = self._find(table, listener_id)
            after = change(before)
            if after != before:
                table.update(_replace_by(after), where("id") == listener_id)
            return after

    def remove(self, listener_id: str) -> Listener:
        with self._locked():
            table = self._table()
            found = self._find(table, listener_id)
            table.remove(where("id") == listener_id)
            return found

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _table(self) -> Table:
        # Opened anew for each call: a table object caches what it read, and another process may have changed the file.
        return TinyDB(self._path, storage=AtomicJSONStorage).table("listeners", cache_size=0)

    def _records(self, table: Table) -> list[Listener]:
        try:
            return [from_document(document) for document in table.all()]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreCorrupt(
                f"{self._path} has a record that is no listener ({type(error).__name__}: {error}); "
                "it was left as it is; restore the file from a backup"
            ) from error

    def _find(self, table: Table, listener_id: str) -> Listener:
        for listener in self._records(table):
            if listener.id == listener_id:
                return listener
        raise ListenerNotFound(f"no listener has the id {listener_id!r}; `pulp-admin event listener list` shows them")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        data_dir.prepare(self._folder)
        with locked(self._lock_path):
            try:
                yield
            finally:
                self._versions.forget(self._name)


def _replace_by(listener: Listener) -> Callable[[Mapping[str, Any]], None]:
    def operation(document: Mapping[str, Any]) -> None:
        # TinyDB merges into the old document: what holds its default again must go first.
        assert isinstance(document, dict)
        document.clear()
        document.update(to_document(listener))

    return operation
