"""The options of `listener TYPE create|update`, made from the notifier's marshmallow schema.

A field `ca_path` becomes `--ca-path`. Values are handed to the schema as text and it is the schema that judges them, so
that an error has the same words here and in Python. What cannot be one text is put together by its structure (see
`pulp_events.notation`); what is read now or referred to, by `option_values`.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from marshmallow import Schema, fields

from pulp_events.errors import InvalidConfig, PluginError
from pulp_events.listeners.listener import OPTIONS
from pulp_events.notation.reading import NotUnderstood, accepts, apart, lines, read
from pulp_events.notation.structure import Listing, Pairs, Single, offered, structure
from pulp_events.notation.writing import choices
from pulp_events.secrets import holds_secrets, is_secret_field
from pulp_events_cli import listener_attributes, option_values
from pulp_events_cli.errors import UsageError
from pulp_events_cli.global_options import RESERVED
from pulp_events_cli.option_help import example_text, metavar, option_help, option_metadata
from pulp_events_cli.parser.parser import Parser

GENERIC = ("--event-type", "--listener-id", "--disabled", "--id", *map(listener_attributes.option, OPTIONS))
"""Options of ours that stand beside a notifier's."""


class SchemaOptions:
    """The options for one schema of a notifier, and the configuration that a command line gives with them."""

    def __init__(self, type_id: str, schema: type[Schema], taken: Collection[str] = ()) -> None:
        """`taken`: further options of the command that they are for."""
        self._type_id = type_id
        self._taken = {*GENERIC, *RESERVED, *taken}
        self._fields = offered(schema())

    def add_to(self, parser: Parser, updating: bool) -> None:
        """Add an option for each field, in the section that the field's metadata `group` names.

        None is required where an existing listener is changed.
        """
        self._refuse_one_name_for_two()
        groups: dict[str, Any] = {"": parser}
        for key, field in self._fields.items():
            option, destination = self.option(key), _destination(key)
            negative, text = self._negative(key), self.help(key, updating)
            title = str(field.metadata.get("group") or "")
            group = groups.get(title) or groups.setdefault(title, parser.add_argument_group(title))
            shared: dict[str, Any] = {"dest": destination, "help": text, "default": None}
            if isinstance(field, fields.Boolean):
                true, false = _truth(field, True), _truth(field, False)
                action = group.add_argument(option, nargs="?", const=true, metavar="true|false", **shared)
                if negative:
                    group.add_argument(
                        negative, dest=destination, action="store_const", const=false, help=argparse.SUPPRESS
                    )
            else:
                repeated = isinstance(structure(field), Listing | Pairs)
                action = group.add_argument(option, action="append" if repeated else "store", **shared)
            action.required = field.required and not updating
            action.metavar = action.metavar or metavar(key, field)
            action.hints = choices(field)
            action.secret = holds_secrets(field)
            action.example = field.metadata.get("example")

    def option(self, key: str) -> str:
        """The option for a field: `--ca-path`; `--TYPE-ca-path` if a generic option has the name already."""
        name = f"--{key.replace('_', '-')}"
        return f"--{self._type_id}-{key.replace('_', '-')}" if name in self._taken else name

    def help(self, key: str, updating: bool) -> str:
        """The text for a field's option, fit for argparse."""
        return option_help(self._fields[key], updating, self._negative(key))

    def _negative(self, key: str) -> str:
        """`--no-verify`, where that is not another field's option."""
        name = f"--no-{self.option(key)[2:]}"
        is_flag = isinstance(self._fields[key], fields.Boolean)
        free = is_flag and all(self.option(other) != name for other in self._fields)
        return name if free else ""

    def field(self, key: str) -> fields.Field[Any]:
        """The field of a key."""
        return self._fields[key]

    def metadata(self, key: str) -> Mapping[str, Any]:
        """What decides how texts of the option are read."""
        return option_metadata(self._fields[key])

    @contextmanager
    def naming(self) -> Iterator[None]:
        """What is refused in the block is told by options, as it was given, in place of keys."""
        try:
            yield
        except InvalidConfig as error:
            if not error.parts:
                raise
            told = "; ".join(f"{self.option(key) if key in self._fields else key}{said}" for key, said in error.parts)
            raise InvalidConfig(f"invalid {self._type_id} configuration: {told}", error.errors) from None

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
        option, metadata = self.option(key), option_metadata(field)
        texts = apart(field, given if isinstance(given, list) else [given])
        several = is_secret_field(field) and isinstance(structure(field), Listing)

        @cache  # standard input can be read once
        def get(text: str) -> Any:
            value = reader.read(option, text, metadata)
            # Of secrets, which may have commas of their own, a file has one in each line.
            return lines(value) if several and (text == "-" or text.startswith("@")) else value

        def get_secret(text: str) -> Any:
            return reader.read(option, text, {"secret": True})

        if len(texts) == 1 and type(field) is not fields.List and isinstance(reference := get(texts[0]), Mapping):
            return reference  # what it leads to may be the whole list or mapping
        try:
            return read(field, texts, get, get_secret)
        except NotUnderstood as error:
            kind = structure(field)
            said = isinstance(kind, Pairs | Single) or (isinstance(kind, Listing) and kind.plain)
            example = "" if said else example_text(field)
            told = f"; write for example {option}='{example}'" if example else ""
            raise UsageError(f"{option} {error}{told}") from None


def _destination(key: str) -> str:
    return f"field:{key}"


def _truth(field: fields.Boolean, value: bool) -> str:
    """How this truth is written, if the field has words of its own for it."""
    usual = "true" if value else "false"
    words = [usual, *sorted(str(word) for word in (field.truthy if value else field.falsy))]
    return next((word for word in words if accepts(field, word)), usual)
