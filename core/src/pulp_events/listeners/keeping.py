"""`Kept`: a listener that a program is the owner of, as `Listeners.keep` is to make it, or to leave it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pulp_events.errors import EventsError, ListenerNotFound
from pulp_events.listeners.listener import Listener, Options
from pulp_events.listeners.making import Making

if TYPE_CHECKING:
    from pulp_events.listeners.edit import Edit


@dataclass(frozen=True)
class Kept:
    """The arguments of `Listeners.keep`, of one listener."""

    listener_id: str
    notifier_type_id: str
    notifier_config: Mapping[str, Any]
    event_types: Sequence[str]
    options: Options = field(default_factory=lambda: Options())
    owner: str = ""
    """What an error names: whose listener it is."""

    def changed(self, making: Making, before: Listener) -> Listener:
        """What becomes of the record that is there: the same object if nothing does."""
        with self._named():
            return self._changed(making, before)

    def stored(self, making: Making, edit: Edit) -> Listener:
        """Make it, or change the one that is there."""
        with self._named():
            try:
                return edit.change(self.listener_id, lambda before: self._changed(making, before))
            except ListenerNotFound:
                return making.add(edit, self._made(making))

    @property
    def _types(self) -> Sequence[str]:
        types = self.event_types
        return tuple(dict.fromkeys(types)) if isinstance(types, list | tuple) else types

    def _changed(self, making: Making, before: Listener) -> Listener:
        # The types that it has were checked by whoever knew them; they need not be known in this process.
        new = None if self._types == before.event_types else self._types
        return making.update(self.notifier_config, new, **self.options)(before)

    def _made(self, making: Making) -> Listener:
        return making.new(
            self.notifier_type_id, self.notifier_config, self._types, listener_id=self.listener_id, **self.options
        )

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except EventsError as error:
            if self.owner:
                error.args = (f"{self.owner}: {error}", *error.args[1:])
            raise
