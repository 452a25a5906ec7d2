"""A listener as a form: what is shown, what was typed, and storing it, unless somebody else was faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulp_events import Listener
from pulp_events.errors import InvalidConfig, NameTaken, UnknownEventType
from pulp_events.listeners.listeners import Listeners
from pulp_events.notifier import Notifier
from pulp_events_web.acting import Acting
from pulp_events_web.console.forms import attributes
from pulp_events_web.console.forms.configuration import Configuration
from pulp_events_web.console.forms.field import Field

VERSION = "version"
ANY = "#"
"""The pattern that each event type matches."""


class Conflict(Exception):
    """Somebody changed the listener since the form was shown; `listener`: as it is now."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(f"listener {listener.id} was changed meanwhile")
        self.listener = listener


def version_of(listener: Listener) -> str:
    """What a form has of the record that it was made from: another one after each change."""
    return f"{listener.updated.timestamp():.6f}"


@dataclass
class ListenerForm:
    """Of a new listener, or of one that there is."""

    who: Acting
    notifier: Notifier
    listener: Listener | None = None
    typed: Mapping[str, str] | None = None
    """None: it was not sent yet."""
    errors: dict[str, list[str]] = field(default_factory=dict)
    """By the name of the control; "" for what belongs to none."""

    def __post_init__(self) -> None:
        bus = self.who.reading
        before = self.listener
        shown = {} if before is None else bus.listeners.redacted(before)
        present = set() if before is None else {*before.notifier_config}
        self._config = Configuration(self.notifier, shown, present, trusted=self._trusted)

    @property
    def _trusted(self) -> bool:
        return self.who.principal.trusted

    @property
    def attributes(self) -> Sequence[Field]:
        """Fields of its own."""
        return self._judged(attributes.fields(self.listener, self.typed, self._trusted))

    @property
    def configuration(self) -> Sequence[Field]:
        """Fields of its notifier, those of a group after the others."""
        return self._judged(sorted(self._config.fields(self.typed), key=lambda each: bool(each.group)))

    def _judged(self, fields: Sequence[Field]) -> Sequence[Field]:
        for each in fields:
            each.errors = self.errors.get(each.name, [])
        return fields

    @property
    def version(self) -> str:
        """Of the record that what is typed is meant for."""
        if self.typed is not None and self.typed.get(VERSION):
            return self.typed[VERSION]
        return "" if self.listener is None else version_of(self.listener)

    def _read(self) -> tuple[dict[str, Any], list[str], dict[str, Any]] | None:
        """What was typed, or None with `errors`."""
        assert self.typed is not None
        config, faults = self._config.read(self.typed)
        event_types, options, more = attributes.read(self.typed, self._trusted)
        self.errors = {**faults, **more}
        return None if self.errors else (config, event_types, options)

    def _others_wrong(self) -> dict[str, list[str]]:
        """What is wrong besides the event types: whoever fills in a form wants to hear all of it at once."""
        assert self.typed is not None
        other = ListenerForm(self.who, self.notifier, self.listener, {**self.typed, attributes.EVENT_TYPES: ANY})
        other.draft()
        return other.errors

    def draft(self) -> Listener | None:
        """The record as it would be, stored nowhere; None, with `errors`, where it would be refused."""
        given = self._read()
        if given is None:
            return None
        config, event_types, options = given
        listeners = self.who.written
        return self._ask(
            lambda: (
                listeners.draft(self.notifier.type_id, _without_none(config), event_types, **_set(options))
                if self.listener is None
                else listeners.draft_update(self.listener.id, config, event_types, **options)
            )
        )

    def store(self) -> Listener | None:
        """Create or change it; None, with `errors`, where it is refused. Raises Conflict."""
        given = self._read()
        if given is None:
            return None
        config, event_types, options = given
        listeners = self.who.written
        if self.listener is None:
            return self._ask(
                lambda: listeners.create(self.notifier.type_id, _without_none(config), event_types, **_set(options))
            )
        listener_id, listeners = self.listener.id, _unless_changed(listeners, self.version)
        return self._ask(lambda: listeners.update(listener_id, config, event_types, **options))

    def _ask(self, ask: Any) -> Listener | None:
        try:
            found: Listener = ask()
        except NameTaken as error:
            self.errors = {"name": [str(error)]}
        except UnknownEventType as error:
            self.errors = {**self._others_wrong(), attributes.EVENT_TYPES: [str(error)]}
        except InvalidConfig as error:
            self.errors = self._config.place(error.errors) if error.errors else {"": [str(error)]}
        else:
            return found
        return None


def _unless_changed(listeners: Listeners, version: str) -> Listeners:
    """The listeners, of which one is changed only while it is the one that was shown: looked at in the same write."""

    def refuse(stored: Listener) -> None:
        if version_of(stored) != version:
            raise Conflict(stored)

    return listeners.unless(refuse)


def _set(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}


def _without_none(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if value is not None}
