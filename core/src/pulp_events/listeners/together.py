"""`Together`: many changes of listeners in one write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Unpack

from pulp_events.errors import EventsError, ListenerNotFound, StoreBusy
from pulp_events.listeners.author import Author
from pulp_events.listeners.edit import Edit
from pulp_events.listeners.listener import Listener, Options
from pulp_events.listeners.making import Change, Making

Effect = Callable[[Listener], None]
Ran = tuple[list[str], list[tuple[Effect, Listener]]]
"""Ids that no listener has, and what is to follow."""


class Together:
    """What `Listeners.together` gives to its block. Nothing is stored before the end of the block, and then all of it.

    The arguments are those of the methods of `Listeners`. What can be checked without the record is checked at once;
    ListenerNotFound, and what a merged configuration has wrong, is raised at the end, and nothing is stored then.
    """

    def __init__(
        self,
        edit: Callable[[Callable[[Edit], Ran]], Ran],
        making: Making,
        on_delete: Effect,
        on_enable: Effect,
        on_unmute: Effect,
        missing_ok: bool,
        planned_on: Sequence[Listener] | None,
        by: Callable[[], str],
    ) -> None:
        self._edit = edit
        self._making = making
        self._on_delete = on_delete
        self._on_enable = on_enable
        self._on_unmute = on_unmute
        self._missing_ok = missing_ok
        self._planned_on = planned_on
        self._by = by
        self._steps: list[tuple[str, Callable[[Edit], Listener], Effect | None]] = []
        self.stored: bool = False
        """True once all of it is stored; burying what deleted listeners were to get may still fail."""
        self.missing: frozenset[str] = frozenset()
        """Ids that no listener had at the end of the block, where that is allowed."""

    def create(
        self,
        notifier_type_id: str,
        notifier_config: Mapping[str, Any],
        event_types: Sequence[str],
        *,
        enabled: bool = True,
        listener_id: str | None = None,
        author: Author | None = None,
        **options: Unpack[Options],
    ) -> Listener:
        """A new listener, as it will be stored, but for a mute of all listeners, which it joins.

        `author`: whose it is, where an administrator makes it.
        """
        listener = self._making.new(
            notifier_type_id,
            notifier_config,
            event_types,
            enabled=enabled,
            listener_id=listener_id,
            author=author,
            **options,
        )
        self._steps.append((listener.id, lambda edit: self._making.add(edit, listener), None))
        return listener

    def update(
        self,
        listener_id: str,
        notifier_config: Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        event_types: Sequence[str] | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Change a listener."""
        self._change(listener_id, self._making.update(notifier_config, event_types, **options))

    def delete(self, listener_id: str) -> None:
        """Delete a listener."""
        self._steps.append((listener_id, lambda edit: self._making.remove(edit, listener_id), self._on_delete))

    def enable(self, listener_id: str) -> None:
        """Enable a listener."""
        self._change(listener_id, self._making.enable(True), self._on_enable)

    def disable(self, listener_id: str, reason: str | None = None) -> None:
        """Disable a listener."""
        self._change(listener_id, self._making.enable(False, reason, again=True))

    def mute(
        self,
        listener_id: str,
        seconds: float | None = None,
        *,
        until: datetime | None = None,
        drop: bool = False,
        reason: str | None = None,
    ) -> None:
        """Mute a listener for so many seconds from now, or until a moment."""
        change = self._making.mute(self._by(), seconds, until=until, drop=drop, reason=reason)
        self._change(listener_id, change)

    def unmute(self, listener_id: str) -> None:
        """End the mute of a listener."""
        self._change(listener_id, self._making.unmute, self._on_unmute)

    def entrust(self, listener_id: str, author: Author | None) -> None:
        """Say whose a listener is."""
        self._change(listener_id, self._making.entrust(author))

    def __enter__(self) -> Together:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._steps:
            missing, effects = self._edit(self._run)
            self.stored = True
            self.missing = frozenset(missing)
            self._follow_up(effects)

    def _change(self, listener_id: str, change: Change, effect: Effect | None = None) -> None:
        self._steps.append((listener_id, lambda edit: edit.change(listener_id, change), effect))

    def _run(self, edit: Edit) -> Ran:
        if self._planned_on is not None and edit.all() != list(self._planned_on):
            raise StoreBusy(
                "another process changed the listeners in the meantime; nothing was stored; plan the change again"
            )
        missing, effects = [], []
        for listener_id, step, effect in self._steps:
            before = edit.get(listener_id)
            try:
                after = step(edit)
            except ListenerNotFound:
                if not self._missing_ok:
                    raise
                missing.append(listener_id)
                continue
            if effect is not None and edit.get(listener_id) is not before:
                effects.append((effect, after))
        return missing, effects

    @staticmethod
    def _follow_up(effects: list[tuple[Effect, Listener]]) -> None:
        failure: EventsError | None = None
        for effect, listener in effects:
            try:
                effect(listener)
            except EventsError as error:  # the records are stored: what follows from the others is done all the same
                failure = failure or error
        if failure is not None:
            raise failure
