"""What a listener of an untrusted author may be: `Limits`, held when it is stored and again whenever a channel opens.

It goes by the values, too, and not by what a notifier's schema says alone: a reference, a text that looks like a path
or like a template, is refused in any field, unless the schema says of the field that its values are none
(`local: False`, `template: False`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from marshmallow import Schema, fields

from pulp_events.errors import InvalidConfig, NotAllowed
from pulp_events.frozen import thaw
from pulp_events.listeners.document import to_document
from pulp_events.listeners.listener import Listener
from pulp_events.notifier import AS_SETTINGS_SAY, WITHIN_NETWORKS, Notifier
from pulp_events.outbox.rate import Rate
from pulp_events.secrets import item_fields, nested_schemas

if TYPE_CHECKING:
    from pulp_events.networks import Networks
    from pulp_events.settings.settings import Settings

SECTION = "untrusted"
LARGEST = 32 * 1024
"""Octets of the record of a listener, as JSON."""

_PATH = re.compile(r"\s*(?:/|~|\.\.?[/\\]|[a-z]:[/\\]|\\\\|file:)", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{[{%#]")
_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)

REFERENCE = "A reference to a file or an environment variable is for trusted authors only; give the value itself."
LOCAL = "Only trusted authors may set this: it names what is on the machine, or reached with accounts of its settings."
PATH = "Looks like a path; listeners of untrusted authors name no files."
TEMPLATE = "Looks like a template; listeners of untrusted authors have none."

Marks = Mapping[str, Any]
"""What the metadata of a field, and of those that it stands in, says."""


def is_local(marks: Marks) -> bool:
    """True where the metadata of a field says that its value names a file or a program, or is for administrators."""
    return bool(marks.get("local") or marks.get("names_file") or marks.get("template") == "files")


def holds_networks(notifier: Notifier) -> bool:
    """True if the notifier says how it keeps its connections where they may go; see `Notifier.connects_to`."""
    how = notifier.connects_to
    return how == AS_SETTINGS_SAY or (how == WITHIN_NETWORKS and type(notifier).open_within is not Notifier.open_within)


class Limits:
    """`[untrusted]`, applied."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._values = settings.section(SECTION)
        self.max_listeners: int = self._values["max_listeners"]
        """Of each author."""
        self._rate: str = self._values["rate"]

    def called(self, key: str) -> str:
        """What messages call a key of `[untrusted]`. Their readers may be untrusted, too."""
        return self._settings.called(SECTION, key)

    @cached_property
    def networks(self) -> Networks:
        """Where their listeners may connect to."""
        from pulp_events.networks import Networks

        return Networks(self._values["networks"], self.called("networks"), pinned=True)

    def rate(self, listener: Listener) -> str | None:
        """How often the listener may be attempted: for an untrusted author's, never more than `[untrusted] rate`."""
        own = listener.rate
        if not listener.untrusted:
            return own
        return self._rate if own is None or Rate.of(own).each < Rate.of(self._rate).each else own

    def refuse_type(self, notifier: Notifier) -> None:
        """Raise NotAllowed unless untrusted authors may have listeners of this type."""
        type_id, allowed = notifier.type_id, self._values["notifier_types"]
        if not holds_networks(notifier):
            raise NotAllowed(
                f"an untrusted author cannot have {type_id} listeners: the plugin does not hold their connections to "
                f"{self.called('networks')} (Notifier.connects_to)"
            )
        if type_id not in allowed:
            raise NotAllowed(
                f"an untrusted author cannot have {type_id} listeners: {self.called('notifier_types')} has "
                f"{', '.join(allowed) or 'none'}"
            )

    def refuse_config(self, notifier: Notifier, config: Mapping[str, Any]) -> None:
        """Raise NotAllowed for the notifier's type, InvalidConfig, with each field's messages, for a configuration.

        Nothing of the plugin is called, but for its schema to be made.
        """
        self.refuse_type(notifier)
        found: dict[str, list[str]] = {}
        for path, text in self._faults(notifier, config):
            found.setdefault(path, []).append(text)
        if found:
            lines = "; ".join(f"{path}: {' '.join(dict.fromkeys(texts))}" for path, texts in found.items())
            raise InvalidConfig(f"invalid {notifier.type_id} configuration for an untrusted author: {lines}", found)

    def refuse(self, listener: Listener, notifier: Notifier) -> None:
        """`refuse_config` for a record that is to be stored, with its size and the number of its targets."""
        self.refuse_config(notifier, listener.notifier_config)
        if len(listener.targets) > (most := self._values["max_targets"]):
            raise NotAllowed(
                f"a listener of an untrusted author has at most {most} targets, by {self.called('max_targets')}; this "
                f"one would have {len(listener.targets)}"
            )
        self.refuse_size(listener)

    def refuse_size(self, listener: Listener) -> None:
        """Raise NotAllowed for a record that is larger than an untrusted author's may be."""
        if (size := len(json.dumps(to_document(listener)))) > LARGEST:
            raise NotAllowed(f"a listener of an untrusted author has at most {LARGEST} octets, not {size}")

    def _faults(self, notifier: Notifier, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        yield from self._below("", thaw(config), notifier.config_schema(), {}, notifier)

    def _below(
        self, place: str, values: Mapping[str, Any], schema: Schema | None, marks: Marks, notifier: Notifier
    ) -> Iterator[tuple[str, str]]:
        known = {} if schema is None else {each.data_key or name: each for name, each in schema.fields.items()}
        for key, value in values.items():
            path = f"{place}.{key}" if place else str(key)
            field = known.get(key)
            yield from self._of(path, value, field, {**marks, **({} if field is None else field.metadata)}, notifier)

    def _of(self, path: str, value: Any, field: Any, marks: Marks, notifier: Notifier) -> Iterator[tuple[str, str]]:
        if value is None:
            return
        if isinstance(field, fields.Pluck):
            marks = {**marks, **next(item_fields(field)).metadata}
        if is_local(marks):
            yield path, LOCAL
        elif isinstance(value, Mapping):
            if any(str(key).startswith("$") for key in value):
                yield path, REFERENCE
                return
            schema = next(iter(nested_schemas(field)), None) if isinstance(field, fields.Nested) else None
            for key in value:
                yield from self._of_text(f"{path}.{key}", str(key), marks, notifier)
            item = next(iter(item_fields(field)), None) if schema is None and field is not None else None
            if item is None:
                yield from self._below(path, value, schema() if schema else None, marks, notifier)
            else:
                for key, each in value.items():
                    yield from self._of(f"{path}.{key}", each, item, {**marks, **item.metadata}, notifier)
        elif isinstance(value, list | tuple):
            items = list(item_fields(field)) if field is not None else []
            for number, each in enumerate(value):
                item = items[min(number, len(items) - 1)] if items else field
                inner = {**marks, **({} if item is None else item.metadata)}
                yield from self._of(f"{path}.{number}", each, item, inner, notifier)
        elif isinstance(value, str):
            yield from self._of_text(path, value, marks, notifier)

    def _of_text(self, path: str, text: str, marks: Marks, notifier: Notifier) -> Iterator[tuple[str, str]]:
        if marks.get("local") is not False and _PATH.match(text):
            yield path, PATH
        if marks.get("template") is not False and _TEMPLATE.search(text):
            yield path, TEMPLATE
        if notifier.connects_to == WITHIN_NETWORKS and _URL.match(text):
            try:
                self.networks.check_if_numeric(urlsplit(text.strip()).hostname or "")
            except OSError as error:
                yield path, f"Must not lead there: {error.strerror}."
            except ValueError:
                pass  # not a URL: the schema says so
