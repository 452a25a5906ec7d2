"""The options of `listener TYPE create|update`, made from the notifier's marshmallow schema.

A field `ca_path` becomes `--ca-path`. Values are handed to the schema as text and it is the schema that judges them, so
that an error has the same words here and in Python. Only what cannot be one text is put together here: lists
(`a,b`, and the option may be repeated), mappings (`KEY=VALUE`, repeated), and what is read now or referred to (see
`option_values`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Mapping
from typing import Any

from marshmallow import Schema, fields, missing, validate

from pulp_events.errors import PluginError
from pulp_events.fields import Duration, format_duration
from pulp_events.listeners.listener import OPTIONS
from pulp_events.secrets import holds_secrets, is_secret_field
from pulp_events_cli import listener_attributes, option_values
from pulp_events_cli.errors import UsageError
from pulp_events_cli.global_options import RESERVED
from pulp_events_cli.parser.parser import Parser

GENERIC = ("--event-type", "--listener-id", "--disabled", "--id", *map(listener_attributes.option, OPTIONS))
"""Options of ours that stand beside a notifier's."""


class SchemaOptions:
    """The options for one schema of a notifier, and the configuration that a command line gives with them."""

    def __init__(self, type_id: str, schema: type[Schema], taken: Collection[str] = ()) -> None:
        """`taken`: further options of the command that they are for."""
        self._type_id = type_id
        self._taken = {*GENERIC, *RESERVED, *taken}
        self._fields = {field.data_key or name: field for name, field in schema().fields.items() if not field.dump_only}

    def add_to(self, parser: Parser, updating: bool) -> None:
        """Add an option for each field, in the section that the field's metadata `group` names.

        None is required where an existing listener is changed.
        """
        self._refuse_one_name_for_two()
        groups: dict[str, Any] = {"": parser}
        for key, field in self._fields.items():
            option, destination = self.option(key), _destination(key)
            text = _help(field, updating)
            title = str(field.metadata.get("group") or "")
            group = groups.get(title) or groups.setdefault(title, parser.add_argument_group(title))
            shared: dict[str, Any] = {"dest": destination, "help": text, "default": None}
            if isinstance(field, fields.Boolean):
                action = group.add_argument(option, nargs="?", const="true", metavar="true|false", **shared)
                negative = f"--no-{option[2:]}"
                if not any(self.option(other) == negative for other in self._fields):
                    group.add_argument(
                        negative, dest=destination, action="store_const", const="false", help=argparse.SUPPRESS
                    )
            else:
                repeated = isinstance(field, fields.List | fields.Tuple | fields.Dict)
                action = group.add_argument(option, action="append" if repeated else "store", **shared)
            action.required = field.required and not updating
            action.metavar = action.metavar or ("KEY=VALUE" if isinstance(field, fields.Dict) else _metavar(key))
            action.hints = choices(field)
            action.secret = holds_secrets(field)
            action.example = field.metadata.get("example")

    def option(self, key: str) -> str:
        """The option for a field: `--ca-path`; `--TYPE-ca-path` if a generic option has the name already."""
        name = f"--{key.replace('_', '-')}"
        return f"--{self._type_id}-{key.replace('_', '-')}" if name in self._taken else name

    def _refuse_one_name_for_two(self) -> None:
        seen: dict[str, str] = {}
        for key in self._fields:
            if (other := seen.setdefault(self.option(key), key)) != key:
                raise PluginError(
                    f"notifier type {self._type_id}: its fields {other} and {key} would both be the option "
                    f"{self.option(key)}; one of them needs another name"
                )

    def config(self, arguments: argparse.Namespace) -> dict[str, Any]:
        """What the command line says of the configuration; None for a key that is to be removed."""
        reader = option_values.OptionReader()
        found: dict[str, Any] = {}
        for key, field in self._fields.items():
            given = getattr(arguments, _destination(key))
            if given is None:
                continue
            found[key] = None if given in ("", [""]) else self._value(key, field, given, reader)
        return found

    def _value(self, key: str, field: fields.Field[Any], given: Any, reader: option_values.OptionReader) -> Any:
        option = self.option(key)

        def read(text: str) -> Any:
            return reader.read(option, text, _metadata(field))

        if isinstance(field, fields.Dict):
            return _mapping(option, given, read)
        if isinstance(field, fields.List | fields.Tuple):
            # A secret may have commas of its own. One reference alone may lead to a text that is the whole list.
            if is_secret_field(field):
                items = [item for text in given for item in _items(text, read(text))]
                whole = len(items) == 1 and isinstance(items[0], Mapping) and type(field) is not fields.List
                return items[0] if whole else items
            return [part.strip() for text in given for part in read(text).split(",") if part.strip()]
        value = read(given)
        if isinstance(value, str):
            return _number(field, value) if isinstance(field, fields.Integer) else _structure(option, field, value)
        return value


def _metadata(field: fields.Field[Any]) -> Mapping[str, Any]:
    """The field's own, and what follows from the secrets in it: a structure that has some need not be typed in."""
    if is_secret_field(field):
        return {**field.metadata, "secret": True}
    return {**field.metadata, "read_file": True} if holds_secrets(field) else field.metadata


def _items(text: str, value: Any) -> list[Any]:
    """Items of a list that one option gives: of what is read, one in each line."""
    if isinstance(value, str) and (text == "-" or text.startswith("@")):
        return [line.strip() for line in value.splitlines() if line.strip()]
    return [value]


def _destination(key: str) -> str:
    return f"field:{key}"


def _metavar(key: str) -> str:
    return key.upper()


def _help(field: fields.Field[Any], updating: bool) -> str:
    # argparse takes % for a placeholder
    said = next(filter(None, map(field.metadata.get, ("cli_help", "help", "description"))), "")
    parts = [str(said).replace("%", "%%")]
    if found := choices(field):
        parts.append(f"one of {', '.join(found)}".replace("%", "%%"))
    default = default_text(field)
    if default and not updating:
        parts.append(f"default: {default}".replace("%", "%%"))
    if isinstance(field, fields.List | fields.Tuple) and not parts[0]:
        parts.append("may be repeated" if is_secret_field(field) else "separated by commas")
    parts.append(option_values.help_of(_metadata(field)))
    return "; ".join(part for part in parts if part) or "no description"


def choices(field: fields.Field[Any]) -> list[str]:
    """What a field, or each item of it, may be; nothing where that is not limited."""
    inner = field.inner if isinstance(field, fields.List) else field
    return [str(choice) for check in inner.validators if isinstance(check, validate.OneOf) for choice in check.choices]


def default_text(field: fields.Field[Any]) -> str:
    """The default as it would be written; empty where there is none, or none to be shown."""
    value = field.load_default
    if value is missing or value is None or callable(value) or holds_secrets(field):
        return ""
    if isinstance(field, Duration) and isinstance(value, int | float):
        return format_duration(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _mapping(option: str, given: list[str], read: Callable[[str], Any]) -> Any:
    if len(given) == 1 and given[0].lstrip().startswith("{"):
        return _json(option, given[0])
    if len(given) == 1 and not isinstance(value := read(given[0]), str):
        return value
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"{option} takes KEY=VALUE, and may be repeated")
        found[key] = read(value)
    return found


def _number(field: fields.Integer, value: str) -> Any:
    # A strict Integer refuses text; whatever is no number goes to the schema as it is, for its own message.
    try:
        return int(value) if field.strict else value
    except ValueError:
        return value


def _structure(option: str, field: fields.Field[Any], value: str) -> Any:
    return _json(option, value) if isinstance(field, fields.Nested) else value


def _json(option: str, text: str) -> Any:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(
            f'{option}: the value is not JSON; write for example {option}=\'{{"key": "value"}}\''
        ) from None
