"""The home of listener records unless a plugin offers another: a TinyDB file."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import chain, dropwhile, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pulp_events.listeners.atomic_storage import AtomicJSONStorage
from pulp_events.listeners.broken import Complaints
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.table import ListenerTable
from pulp_events.system import data_dir, replacement
from pulp_events.system.file_lock import locked
from pulp_events.system.file_version import FileVersions

if TYPE_CHECKING:
    from pulp_events.events.remembered import RememberedType
    from pulp_events.listeners.history import HistoryQuery, ListenerChange
    from pulp_events.listeners.journal import Journal
    from pulp_events.listeners.type_file import TypeFile

T = TypeVar("T")

FILE_NAME = "listeners.json"
KEEP_HISTORY = 365 * 86400.0
"""Seconds for which changes are kept unless said otherwise."""
HOLD = 0.001
"""Seconds for which a version holds. To look at each of thousands of events a second took a fifth of an `emit`."""


class TinyDBListenerStore:
    """Records in `DATA_DIR/listeners.json`; changes are made under the lock `DATA_DIR/listeners.lock`.

    Readers take no lock: a change replaces the file as a whole. The history is in a file of its own, so that it costs
    readers nothing; see `journal`.
    """

    def __init__(self, folder: Path, keep_history: float = KEEP_HISTORY) -> None:
        self._folder = folder
        self._path = folder / FILE_NAME
        self._lock_path = self._path.with_suffix(".lock")
        self._name = str(self._path)
        self._keep_history = keep_history
        self._versions = FileVersions()
        self._seen = os.path.isdir(folder)  # noqa: PTH112  # False where the name itself is refused
        self._complaints = Complaints()

    @property
    def place(self) -> str:
        """See `HasPlace`."""
        return self._name

    def version(self) -> Hashable | None:
        found = self._versions.of(self._name, HOLD)
        if found is None and self._seen and not self._folder.is_dir():
            # Without this, an application whose folder was deleted would have no listeners, and emit into the void.
            raise data_dir.gone(self._folder)
        self._seen = self._seen or found is not None
        return found

    def all(self) -> Sequence[Listener]:
        contents = self._table().contents()
        self._complaints.say(self._named(contents.broken))
        return list(contents.listeners.values())

    def broken(self) -> Mapping[str, str]:
        return self._named(self._table().contents().broken)

    def add(self, listener: Listener) -> None:
        self.edit(lambda edit: edit.add(listener))

    def change(self, listener_id: str, change: Callable[[Listener], Listener]) -> Listener:
        return self.edit(lambda edit: edit.change(listener_id, change))

    def remove(self, listener_id: str) -> Listener:
        return self.edit(lambda edit: edit.remove(listener_id))

    def edit(self, make: Callable[[Edit], T]) -> T:
        with self._locked():
            storage = AtomicJSONStorage(self._path)
            table = self._table(storage)
            contents = table.contents()
            edit = Edit(contents.listeners.values(), self._named(contents.broken))
            result = make(edit)
            if edit:
                if edit.history:
                    self._journal().append(edit.history, storage.changes, storage.changes + 1)
                table.carry_out(edit, contents.keys)
            return result

    def check_writing(self) -> None:
        with self._locked():
            if not os.access(self._folder, os.W_OK | os.X_OK):  # where a change makes the file that replaces this one
                raise data_dir.unusable(self._folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    def edit_one(self, listener_id: str, make: Callable[[Edit], T]) -> T:
        return self.edit(make)

    def history(self, query: HistoryQuery) -> Sequence[ListenerChange]:
        with closing(self._journal().newest_first(query.listener_id, query.since)) as lines:
            newest = list(islice(lines, 1))
            number = AtomicJSONStorage(self._path).count_changes()  # after the line: what is written by then did happen
            happened = dropwhile(lambda line: line[0] == number + 1, chain(newest, lines))
            found = (
                change
                for _, change in happened
                if query.listener_id in (None, change.listener_id)
                and (query.since is None or change.time >= query.since)
                and (query.until is None or change.time < query.until)
            )
            return list(islice(found, query.limit))

    def remember_types(self, told: Mapping[str, RememberedType]) -> None:
        self._types().remember(told)

    def remembered_types(self) -> Mapping[str, RememberedType]:
        return self._types().read()

    def forget_types(self, names: Collection[str]) -> int:
        return self._types().forget(names)

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _table(self, storage: AtomicJSONStorage | None = None) -> ListenerTable:
        # Opened for each call: a table object caches what it read, and another process may have changed the file.
        return ListenerTable(storage or AtomicJSONStorage(self._path), "listeners", cache_size=0)

    def _journal(self) -> Journal:
        from pulp_events.listeners.journal import FILE_NAME, Journal  # readers of records do not need it

        return Journal(self._folder / FILE_NAME, self._keep_history)

    def _types(self) -> TypeFile:
        from pulp_events.listeners.type_file import TypeFile  # as above

        return TypeFile(self._folder)

    def _named(self, broken: Mapping[str, str]) -> dict[str, str]:
        remedy = "correct it there, or restore the file from a backup"
        return {name: f"{self._path}, {text}; {remedy}" for name, text in broken.items()}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self._seen and not self._folder.is_dir():
            raise data_dir.gone(self._folder)
        data_dir.prepare(self._folder)
        self._seen = True
        replacement.finish(self._folder)
        with locked(self._lock_path):
            try:
                yield
            finally:
                self._versions.forget(self._name)
