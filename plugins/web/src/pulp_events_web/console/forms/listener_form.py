"""A listener as a form: what is shown, what was typed, and storing it, unless somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulp_events import Listener
from pulp_events.errors import InvalidConfig, ListenerNotFound, NameTaken, NotAllowed, UnknownEventType
from pulp_events.listeners.listeners import Listeners
from pulp_events.notifier import Notifier
from pulp_events_web.acting import Acting
from pulp_events_web.console.filters import without_commands
from pulp_events_web.console.forms import attributes, carried
from pulp_events_web.console.forms.configuration import Configuration
from pulp_events_web.console.forms.field import Field

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
    theirs: set[str] = field(default_factory=set)
    """Names of controls that somebody else changed meanwhile, as did who typed here."""

    def __post_init__(self) -> None:
        bus = self.who.reading
        before = self.listener
        shown = {} if before is None else bus.listeners.redacted(before)
        present = set() if before is None else {*before.notifier_config}
        self._config = Configuration(self.notifier, shown, present, trusted=not self._theirs)

    @property
    def _trusted(self) -> bool:
        return self.who.principal.trusted

    @property
    def _theirs(self) -> bool:
        """Whether the listener is, or would be, an untrusted author's, whoever changes it."""
        return not self._trusted or (self.listener is not None and self.listener.untrusted)

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
            each.theirs = each.name in self.theirs
        return fields

    @property
    def all_fields(self) -> Sequence[Field]:
        """In the order of the page."""
        own = self.attributes
        return [*(f for f in own if not f.group), *self.configuration, *(f for f in own if f.group)]

    @property
    def faults(self) -> Sequence[Field]:
        """The fields in which something is wrong."""
        return [each for each in self.all_fields if each.errors]

    @property
    def hidden(self) -> dict[str, str]:
        """Hidden fields of the page; see `carried.py`."""
        fields, typed = self.all_fields, self.typed or {}
        before = typed.get(carried.SHOWN) or carried.digests(self._untouched.all_fields if self.typed else fields)
        return {
            carried.VERSION: self.version,
            carried.SHOWN: before if self.listener is not None else "",
            carried.AGAIN: " ".join(each.name for each in fields if each.again),
            carried.KEEPS: " ".join(each.name for each in fields if not each.hidden),
        }

    @property
    def _untouched(self) -> ListenerForm:
        return ListenerForm(self.who, self.notifier, self.listener)

    def onto(self, now: Listener) -> ListenerForm:
        """What was touched in this form, on the record as it is now: what nobody touched here stays as it is there."""
        assert self.typed is not None
        form = ListenerForm(self.who, self.notifier, now)
        fields, typed = form.all_fields, carried.touched(self.typed)
        there = {each.name: each.value for each in fields if not each.hidden}
        form.theirs = {each.name for each in fields if each.name in typed and carried.changed_since(self.typed, each)}
        form.typed = {
            **there, **typed, carried.VERSION: version_of(now), carried.SHOWN: carried.digests(fields)
        }  # fmt: skip
        return form

    @property
    def version(self) -> str:
        """Of the record that what is typed is meant for."""
        if self.typed is not None and self.typed.get(carried.VERSION):
            return self.typed[carried.VERSION]
        return "" if self.listener is None else version_of(self.listener)

    def _read(self, *, storing: bool) -> tuple[dict[str, Any], list[str], dict[str, Any]] | None:
        """What was typed, or None with `errors`: all that is wrong, also in what could be understood."""
        assert self.typed is not None
        config, faults = self._config.read(self.typed)
        event_types, options, more = attributes.read(self.typed, self._trusted)
        faults.update(more)
        if storing:
            faults.update(self._config.forgotten(self.typed))
        if not faults:
            self.errors = {}
            return config, event_types, options
        self._draft(config, event_types or [ANY], {name: each for name, each in options.items() if name not in faults})
        self.errors = {**self.errors, **self._name_taken(options), **faults}
        return None

    def _name_taken(self, options: Mapping[str, Any]) -> dict[str, list[str]]:
        """Else it is only found when all the rest is right."""
        try:
            found = self.who.reading.listeners.get(options["name"]) if options.get("name") else None
        except ListenerNotFound:
            return {}
        own = found is None or (self.listener is not None and found.id == self.listener.id)
        return {} if own else {"name": [f"Another listener has the name {options['name']}."]}

    def draft(self) -> Listener | None:
        """The record as it would be, stored nowhere; None, with `errors`, where it would be refused."""
        given = self._read(storing=False)
        return None if given is None else self._draft(*given)

    def _draft(self, config: dict[str, Any], event_types: list[str], options: dict[str, Any]) -> Listener | None:
        listeners, before = self.who.written, self.listener

        def ask() -> Listener:
            if before is None:
                return listeners.draft(self.notifier.type_id, _without_none(config), event_types, **_set(options))
            return listeners.draft_update(before.id, config, event_types, **options)

        return self._ask(ask, lambda: event_types != [ANY] and self._draft(config, [ANY], options))

    def store(self) -> Listener | None:
        """Create or change it; None, with `errors`, where it is refused. Raises Conflict."""
        given = self._read(storing=True)
        if given is None:
            return None
        config, event_types, options = given
        listeners, before = self.who.written, self.listener

        def ask() -> Listener:
            if before is None:
                return listeners.create(self.notifier.type_id, _without_none(config), event_types, **_set(options))
            return _unless_changed(listeners, self.version).update(before.id, config, event_types, **options)

        stored = self._ask(ask, lambda: self._draft(config, [ANY], options))
        if stored is None and "name" not in self.errors:
            self.errors.update(self._name_taken(options))
        return stored

    def _ask(self, ask: Callable[[], Listener], besides: Callable[[], object]) -> Listener | None:
        """`besides`: the same with event types that there are, which tells what else is wrong."""
        self.errors = {}
        try:
            found = ask()
        except NameTaken as error:
            self.errors = {"name": [str(error)]}
        except NotAllowed as error:
            self.errors = {"": [str(error)]}
        except UnknownEventType as error:
            besides()
            self.errors[attributes.EVENT_TYPES] = [without_commands(str(error))]
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
