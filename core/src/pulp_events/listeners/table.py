"""The table of listeners in a TinyDB file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinydb.table import Table

from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.listener import Listener


class Contents:
    """What is in the table."""

    def __init__(self) -> None:
        self.listeners: dict[str, Listener] = {}
        """Id → record, in the order of creation."""
        self.keys: dict[str, str] = {}
        """Id → key of the record in the table."""
        self.broken: dict[str, str] = {}
        """Id, or key where it has none of its own → what is wrong with a record that is no listener."""


class ListenerTable(Table):
    """Reads what is whole in the file though something else is not, and makes many changes in one write.

    TinyDB's own operations rewrite the file for each change, and end at the first document that is none.
    """

    document_id_class = str  # type: ignore[assignment]  # keys stay as they stand in the file

    def contents(self) -> Contents:
        """All records. StoreCorrupt if the file is torn or not ours."""
        found, wrong = Contents(), []
        for key, document in self._read_table().items():
            try:
                listener = from_document(document)
                if listener.id in found.listeners:
                    raise ValueError("a record before it has the same id")
            except ValueError as error:
                wrong.append((key, document.get("id") if isinstance(document, Mapping) else None, error))
            else:
                found.listeners[listener.id], found.keys[listener.id] = listener, key
        for key, listener_id, why in wrong:
            own = isinstance(listener_id, str) and listener_id not in found.listeners
            name = f"record {key}" if listener_id is None else f"record {key} with id {listener_id!r:.60}"
            found.broken[str(listener_id) if own else key] = f"{name} is not a valid listener and is left out: {why}"
        return found

    def carry_out(self, edit: Edit, keys: Mapping[str, str]) -> None:
        """Make the changes, and write the file once. `keys`: as `contents` found them, under the lock held since."""

        def update(table: dict[Any, Any]) -> None:
            for listener_id in edit.removed:
                del table[keys[listener_id]]
            for listener_id, listener in edit.changed.items():
                table[keys[listener_id]] = to_document(listener)
            last = max((int(key) for key in table if key.isdecimal()), default=0)
            for number, listener in enumerate(edit.added.values(), last + 1):
                table[str(number)] = to_document(listener)

        self._update_table(update)
