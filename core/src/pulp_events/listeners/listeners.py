"""`bus.listeners`: create, change and delete listeners."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pulp_events.clock import Clock, from_timestamp
from pulp_events.errors import InvalidConfig, ListenerNotFound, UnknownNotifierType
from pulp_events.events.event_type import EventTypes
from pulp_events.frozen import thaw
from pulp_events.ids import new_listener_id
from pulp_events.listeners.config import validate, window
from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.filters import compile_filter
from pulp_events.listeners.index import ListenerIndex
from pulp_events.listeners.listener import Listener
from pulp_events.listeners.options import check_options
from pulp_events.notifier import Notifier
from pulp_events.plugins.registry import Plugins
from pulp_events.secrets import MASK, redact
from pulp_events.settings.settings import Settings

if TYPE_CHECKING:
    from pulp_events.listeners.store import ListenerStore


class Unchanged(enum.Enum):
    """Stands for an argument that was not given, where None has a meaning of its own."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED

LONGEST_MUTE = 100 * 365 * 86400.0
"""Seconds."""


class Listeners:
    """The listeners of an event bus. Whatever is refused leaves the store as it was."""

    def __init__(
        self,
        store: ListenerStore,
        index: ListenerIndex,
        plugins: Plugins,
        settings: Settings,
        clock: Clock,
        on_delete: Callable[[Listener], None],
        on_enable: Callable[[Listener], None],
    ) -> None:
        self._store = store
        self._index = index
        self._plugins = plugins
        self._settings = settings
        self._clock = clock
        self._on_delete = on_delete
        self._on_enable = on_enable

    def create(
        self,
        notifier_type_id: str,
        notifier_config: Mapping[str, Any],
        event_types: Sequence[str],
        *,
        filter: str | None = None,
        enabled: bool = True,
        retry_schedule: Sequence[float] | None = None,
        lanes: int | None = None,
        listener_id: str | None = None,
    ) -> Listener:
        """Store a new listener and return it.

        `event_types`: names or patterns, at least one. `filter`: JMESPath over the report. `retry_schedule`: seconds
        between attempts. `listener_id`: one that no listener has, 24 hex digits, as where a listener is moved from
        another installation; else it gets a new one. Raises UnknownNotifierType, UnknownEventType, InvalidConfig,
        StoreError.
        """
        notifier = self._plugins.notifier(notifier_type_id)
        types = self._check_event_types(event_types)
        _check_options(filter, retry_schedule, lanes)
        _check_mapping(notifier_config)
        given = {key: value for key, value in notifier_config.items() if value is not None}
        config, targets = validate(notifier, given)
        now = from_timestamp(self._clock.time())
        listener = Listener(
            id=new_listener_id() if listener_id is None else _check_id(listener_id),
            notifier_type_id=notifier_type_id,
            notifier_config=config,
            event_types=types,
            targets=targets,
            created=now,
            updated=now,
            filter=filter,
            enabled=enabled,
            retry_schedule=None if retry_schedule is None else tuple(retry_schedule),
            lanes=lanes,
        )
        self._store.add(_fit(listener))
        return listener

    def check(
        self,
        event_types: Sequence[str],
        *,
        filter: str | None = None,
        retry_schedule: Sequence[float] | None = None,
        lanes: int | None = None,
        listener_id: str | None = None,
    ) -> None:
        """Raise what `create` would raise for these, and store nothing."""
        self._check_event_types(event_types)
        _check_options(filter, retry_schedule, lanes)
        if listener_id is not None:
            _check_id(listener_id)

    def get(self, listener_id: str) -> Listener:
        """The listener with this id; raises ListenerNotFound."""
        found = self._index.get(listener_id)
        if found is None:
            raise ListenerNotFound(
                f"no listener has the id {listener_id!r}; `pulp-admin event listener list` shows them"
            )
        return found

    def list(self) -> list[Listener]:
        """Every listener, in the order of creation."""
        return self._index.all()

    def update(
        self,
        listener_id: str,
        notifier_config: Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        event_types: Sequence[str] | None = None,
        *,
        filter: str | None | Unchanged = UNCHANGED,
        retry_schedule: Sequence[float] | None | Unchanged = UNCHANGED,
        lanes: int | None | Unchanged = UNCHANGED,
    ) -> Listener:
        """Change a listener and return it as it is now; its `updated` is as before if nothing differs.

        Keys of `notifier_config` that are not named stay, a key with value None is removed, and the merged
        configuration is validated. A function in its place gets the configuration as it is stored and returns such
        keys, while nobody else can change the listener: for what is made of the old value. `event_types` replaces the
        old ones. Raises what `create` raises, and ListenerNotFound.
        """
        types = None if event_types is None else self._check_event_types(event_types)
        _check_options(
            *(None if option is UNCHANGED else option for option in (filter, retry_schedule, lanes))  # type: ignore[arg-type]
        )
        if notifier_config is not None and not callable(notifier_config):
            _check_mapping(notifier_config)

        def change(before: Listener) -> Listener:
            after = before
            keys = notifier_config(before.notifier_config) if callable(notifier_config) else notifier_config
            if keys:
                _check_mapping(keys)
                notifier = self._plugins.notifier(before.notifier_type_id)
                merged = {**thaw(before.notifier_config), **keys}
                given = {key: value for key, value in merged.items() if value is not None}
                config, targets = validate(notifier, given)
                after = replace(after, notifier_config=config, targets=targets)
            if types is not None:
                after = replace(after, event_types=types)
            if filter is not UNCHANGED:
                after = replace(after, filter=filter)
            if retry_schedule is not UNCHANGED:
                after = replace(after, retry_schedule=None if retry_schedule is None else tuple(retry_schedule))
            if lanes is not UNCHANGED:
                after = replace(after, lanes=lanes)
            return after if after == before else _fit(replace(after, updated=from_timestamp(self._clock.time())))

        return self._store.change(listener_id, change)

    def delete(self, listener_id: str) -> Listener:
        """Delete a listener and return it as it was. What it was still to get stands as dead."""
        listener = self._store.remove(listener_id)
        self._on_delete(listener)
        return listener

    def enable(self, listener_id: str) -> Listener:
        """Let the listener get events again; what waited while it was disabled is delivered."""
        listener, changed = self._set_enabled(listener_id, True, None)
        if changed:
            self._on_enable(listener)
        return listener

    def disable(self, listener_id: str, reason: str | None = None) -> Listener:
        """Deliver nothing to the listener until it is enabled. `reason` is shown with the record."""
        return self._set_enabled(listener_id, False, reason)[0]

    def mute(self, listener_id: str, seconds: float, *, drop: bool = False) -> Listener:
        """Deliver nothing to the listener for so many seconds from now; a mute that holds already is replaced.

        What is emitted meanwhile waits; with `drop` it is recorded as dead. What was pending before waits in any case.
        Raises ListenerNotFound, InvalidConfig for a time that is not above 0 or beyond a hundred years.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST_MUTE:
            raise InvalidConfig(
                f"cannot mute for {seconds!r:.40} seconds; give a time above 0, and disable what is to stay silent"
            )
        return self._set_mute(listener_id, from_timestamp(self._clock.time() + seconds), drop)[0]

    def unmute(self, listener_id: str) -> Listener:
        """Let a muted listener get events again, and deliver what waited. Raises ListenerNotFound."""
        listener, changed = self._set_mute(listener_id, None, False)
        if changed:
            self._on_enable(listener)
        return listener

    def disable_for(self, listener_id: str, reason: str) -> bool:
        """Disable a listener; False if it was disabled, or gone, already."""
        try:
            return self._set_enabled(listener_id, False, reason)[1]
        except ListenerNotFound:
            return False

    def redacted(self, listener: Listener) -> dict[str, Any]:
        """The listener's configuration fit to be shown: no secret in it.

        Without the listener's plugin nobody knows which values are secret, so all of them are masked.
        """
        notifier = self._plugins.notifiers.get(listener.notifier_type_id)
        if notifier is None:
            return dict.fromkeys(listener.notifier_config, MASK)
        return redact(notifier.config_schema(), thaw(listener.notifier_config))

    def window(self, listener: Listener) -> float | None:
        """Seconds of events that leave together for this listener; None where each leaves by itself."""
        notifier = self._plugins.notifiers.get(listener.notifier_type_id)
        return None if notifier is None else window(notifier, listener.notifier_config)

    def warnings(self, listener: Listener) -> Sequence[str]:
        """What the administrator should know about a listener that was created or updated."""
        try:
            notifier: Notifier = self._plugins.notifier(listener.notifier_type_id)
        except UnknownNotifierType:
            return []
        section = notifier.settings_section
        return list(notifier.warnings(listener.notifier_config, self._settings.section(section) if section else {}))

    def _set_enabled(self, listener_id: str, enabled: bool, reason: str | None) -> tuple[Listener, bool]:
        changed = False

        def change(before: Listener) -> Listener:
            nonlocal changed
            changed = before.enabled != enabled
            now = from_timestamp(self._clock.time())
            return replace(before, enabled=enabled, disabled_reason=reason, updated=now) if changed else before

        return self._store.change(listener_id, change), changed

    def _set_mute(self, listener_id: str, until: datetime | None, drops: bool) -> tuple[Listener, bool]:
        changed = False

        def change(before: Listener) -> Listener:
            nonlocal changed
            changed = (before.muted_until, before.mute_drops) != (until, drops)
            now = from_timestamp(self._clock.time())
            return replace(before, muted_until=until, mute_drops=drops, updated=now) if changed else before

        return self._store.change(listener_id, change), changed

    def _check_event_types(self, event_types: Sequence[str]) -> tuple[str, ...]:
        if isinstance(event_types, str):
            raise InvalidConfig(f"event_types is the text {event_types!r}; give a list of event types")
        if not event_types:
            raise InvalidConfig("a listener needs at least one event type; '*' stands for all")
        types: EventTypes = self._plugins.event_types
        for text in event_types:
            types.check_pattern(text)
        return tuple(dict.fromkeys(event_types))


def _fit(listener: Listener) -> Listener:
    """The listener; InvalidConfig if it could not be read again from the record that it becomes."""
    try:
        return from_document(to_document(listener))
    except ValueError as error:
        raise InvalidConfig(f"the listener cannot be kept: {error}") from None


def _check_id(listener_id: object) -> str:
    if not isinstance(listener_id, str) or not re.fullmatch("[0-9a-f]{24}", listener_id):
        raise InvalidConfig(f"{listener_id!r:.60} cannot be the id of a listener; it has 24 hex digits, 0-9 and a-f")
    return listener_id


def _check_mapping(notifier_config: object) -> None:
    if not isinstance(notifier_config, Mapping):
        raise InvalidConfig(
            f"notifier_config is of type {type(notifier_config).__name__}; it must be a mapping, such as a dict"
        )


def _check_options(filter: str | None, retry_schedule: Sequence[float] | None, lanes: int | None) -> None:
    if filter is not None:
        compile_filter(filter)
    check_options(retry_schedule, lanes)
