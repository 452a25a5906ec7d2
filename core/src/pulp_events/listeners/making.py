"""Makes records of what is asked for: everything is checked here, before a store hears of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from pulp_events.errors import InvalidConfig, NotAllowed
from pulp_events.frozen import thaw
from pulp_events.listeners.actor import Actor
from pulp_events.listeners.author import Author, by_for_author
from pulp_events.listeners.author_kinds import AUTHOR
from pulp_events.listeners.document import from_document, to_document
from pulp_events.listeners.listener import OPTIONS, Listener, Options
from pulp_events.listeners.muting import joined, muting, unmuted
from pulp_events.listeners.notifier_config import validate
from pulp_events.listeners.time_limit import settings_for
from pulp_events.plugins.registry import Plugins
from pulp_events.system.clock import Clock, from_timestamp
from pulp_events.system.ids import new_listener_id
from pulp_events.system.suggestion import did_you_mean

if TYPE_CHECKING:
    from pulp_events.listeners.edit import Edit

Change = Callable[[Listener], Listener]
"""What becomes of a record; the same one where nothing changes."""


class Making:
    """New records, and changes of records. The arguments, and what is raised, are those of `Listeners`."""

    def __init__(self, plugins: Plugins, clock: Clock, actor: Actor) -> None:
        """`actor`: in whose name they are made and changed."""
        self._plugins = plugins
        self._clock = clock
        self.actor = actor

    def acting(self, author: Author | None) -> Making:
        """The same in the name of this author; None: of an administrator."""
        return Making(self._plugins, self._clock, replace(self.actor, author=author))

    def new(
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
        """A listener that is stored nowhere yet. `author`: whose it is, where that is not the actor's."""
        if author is not None and self.actor.untrusted:
            raise NotAllowed(f"{self.actor.author} cannot make listeners of others")
        if listener_id is not None and self.actor.untrusted:  # an application knows some ids before they are there
            raise NotAllowed(f"{self.actor.author} cannot choose the id of a listener; leave it out")
        owner = self.actor.author_of_new if author is None else AUTHOR.given("author", author)
        untrusted = owner is not None and not owner.trusted
        notifier = self._plugins.notifier(notifier_type_id)
        if untrusted:
            self.actor.limits.refuse_type(notifier)
        types = self._check_event_types(event_types)
        values: dict[str, Any] = {"scope": self.actor.scope_of_new, "author": owner} | _checked(options)
        self.actor.check_options(values)
        if self.actor.untrusted:
            values["scope"] = self.actor.scope_of_new
        settings_for(notifier, {}, values.get("timeout"))
        _check_mapping(notifier_config)
        given = {key: value for key, value in notifier_config.items() if value is not None}
        if untrusted:  # first: a plugin's check may read what a configuration names
            self.actor.limits.refuse_config(notifier, given)
        config, targets = validate(notifier, given)
        now = from_timestamp(self._clock.time())
        made = _fit(
            Listener(
                id=new_listener_id() if listener_id is None else _check_id(listener_id),
                notifier_type_id=notifier_type_id,
                notifier_config=config,
                event_types=types,
                targets=targets,
                created=now,
                updated=now,
                enabled=enabled,
                **values,
            )
        )
        if made.untrusted:
            self.actor.limits.refuse(made, notifier)
        return made

    def check(
        self,
        event_types: Sequence[str],
        *,
        notifier_type_id: str | None = None,
        listener_id: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        """Raise what `new` would raise for these."""
        self._check_event_types(event_types)
        values = _checked(options)
        self.actor.check_options(values)
        if notifier_type_id is not None:
            self._check_timeout(notifier_type_id, values)
        if listener_id is not None:
            _check_id(listener_id)

    def update(
        self,
        notifier_config: Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        event_types: Sequence[str] | None = None,
        **options: Unpack[Options],
    ) -> Change:
        """The change that makes a listener of the one that is stored then."""
        types = None if event_types is None else self._check_event_types(event_types)
        values = _checked(options)
        if notifier_config is not None and not callable(notifier_config):
            _check_mapping(notifier_config)

        def change(before: Listener) -> Listener:
            self.actor.refuse_hidden(before)
            self.actor.check_options(values, before)
            self._check_timeout(before.notifier_type_id, values)
            after = replace(before, **values)
            keys = notifier_config(before.notifier_config) if callable(notifier_config) else notifier_config
            if keys:
                _check_mapping(keys)
                notifier = self._plugins.notifier(before.notifier_type_id)
                merged = {**thaw(before.notifier_config), **keys}
                given = {key: value for key, value in merged.items() if value is not None}
                if before.untrusted:  # whoever changes it: it stays what it is
                    self.actor.limits.refuse_config(notifier, given)
                config, targets = validate(notifier, given)
                after = replace(after, notifier_config=config, targets=targets)
                if before.untrusted:
                    self.actor.limits.refuse(after, notifier)
            if types is not None:
                after = replace(after, event_types=types)
            if self.actor.untrusted:
                self.actor.limits.refuse_size(after)
            return before if after == before else _fit(self._stamped(after))

        return change

    def enable(self, enabled: bool, reason: str | None = None, *, again: bool = False) -> Change:
        """The change that enables a listener, or disables it for a reason; `again`: which replaces an earlier one."""

        def change(before: Listener) -> Listener:
            self.actor.refuse_hidden(before)
            said_again = again and reason is not None and reason != before.disabled_reason
            if before.enabled == enabled and not said_again:
                return before
            return _fit(self._stamped(replace(before, enabled=enabled, disabled_reason=reason)))

        return change

    def mute(self, by: str, seconds: float | None = None, **how: Any) -> Change:
        """The change that mutes a listener; the arguments are those of `muting`."""
        if how.get("with_all") and self.actor.untrusted:
            raise NotAllowed(f"{self.actor.author} cannot mute all listeners; mute them one by one")
        muted = muting(self._clock.time(), by, seconds, **how)

        def change(before: Listener) -> Listener:
            self.actor.refuse_hidden(before)
            after = muted(before)
            return before if after is before else _fit(self._stamped(_as_its_author_may_know(after)))

        return change

    def unmute(self, before: Listener) -> Listener:
        """The change that ends a mute."""
        self.actor.refuse_hidden(before)
        after = unmuted(before)
        return before if after is before else self._stamped(after)

    def add(self, edit: Edit, new: Listener) -> Listener:
        """Add a new record, which joins a mute of all listeners, and return it as it is stored."""
        new = _as_its_author_may_know(joined(new, edit.all(), self._clock.time()))
        edit.add(new)
        return new

    def entrust(self, author: Author | None) -> Change:
        """The change that says whose a listener is, and with that whether it is trusted."""
        if self.actor.untrusted:
            raise NotAllowed("an untrusted author cannot say whose a listener is")
        owner = None if author is None else AUTHOR.given("author", author)

        def change(before: Listener) -> Listener:
            if before.author == owner:
                return before
            after = _as_its_author_may_know(replace(before, author=owner))
            if after.untrusted:
                self.actor.limits.refuse(after, self._plugins.notifier(before.notifier_type_id))
            return _fit(self._stamped(after))

        return change

    def remove(self, edit: Edit, listener_id: str) -> Listener:
        """Delete a listener that the actor may see."""
        found = edit.get(listener_id)
        if found is not None:
            self.actor.refuse_hidden(found, listener_id)
        return edit.remove(listener_id)

    def _stamped(self, listener: Listener) -> Listener:
        return replace(listener, updated=from_timestamp(self._clock.time()))

    def _check_timeout(self, notifier_type_id: str, values: Mapping[str, Any]) -> None:
        """One that is not installed is asked at its first delivery."""
        notifier = self._plugins.notifiers.get(notifier_type_id)
        if notifier is not None:
            settings_for(notifier, {}, values.get("timeout"))

    def _check_event_types(self, event_types: Sequence[str]) -> tuple[str, ...]:
        if isinstance(event_types, str):
            raise InvalidConfig(f"event_types is the string {event_types!r}; give a list of event types")
        if not isinstance(event_types, Iterable):
            raise InvalidConfig(f"event_types is of type {type(event_types).__name__}; give a list of event types")
        if not event_types:
            raise InvalidConfig("a listener needs at least one event type; '*' stands for all")
        for text in event_types:
            self._plugins.event_types.check_pattern(text)
        return tuple(dict.fromkeys(event_types))


def _as_its_author_may_know(listener: Listener) -> Listener:
    """The record, without the account of the administrator who muted it; the history has that."""
    if listener.muted_by is None or not listener.untrusted:
        return listener
    return replace(listener, muted_by=by_for_author(listener.muted_by))


def _fit(listener: Listener) -> Listener:
    """The listener; InvalidConfig if it could not be read again from the record that it becomes."""
    try:
        return from_document(to_document(listener))
    except ValueError as error:
        raise InvalidConfig(f"the listener cannot be stored: {error}") from None


def _check_id(listener_id: object) -> str:
    if not isinstance(listener_id, str) or not re.fullmatch("[0-9a-f]{24}", listener_id):
        raise InvalidConfig(f"{listener_id!r:.60} cannot be the id of a listener; it has 24 hex digits, 0-9 and a-f")
    return listener_id


def _check_mapping(notifier_config: object) -> None:
    if not isinstance(notifier_config, Mapping):
        raise InvalidConfig(
            f"notifier_config is of type {type(notifier_config).__name__}; it must be a mapping, such as a dict"
        )


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that are given by name; None stands for the default. TypeError if one is none of `OPTIONS`."""
    for name in options:
        if name not in OPTIONS:
            raise TypeError(
                f"{name!r} is not what a listener is created or updated with{did_you_mean(name, OPTIONS)}; "
                f"there are {', '.join(OPTIONS)}"
            )
    return {
        name: OPTIONS[name].default if value is None else OPTIONS[name].kind.given(name, value)
        for name, value in options.items()
    }
