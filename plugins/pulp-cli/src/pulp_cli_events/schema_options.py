"""The options of `pulp event listener create|update TYPE` that a notifier's JSON Schema makes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import click

from pulp_cli_events.schema_field import SchemaField, Shape

_NO_OPTION = re.compile(r"[^A-Za-z0-9.]")


class SchemaOptions:
    """The options for one notifier type."""

    def __init__(self, notifier: Mapping[str, Any], taken: Collection[str]) -> None:
        """`notifier`: as the server describes it. `taken`: options of the command itself."""
        self.type_id = str(notifier["type_id"])
        schema = notifier.get("schema") or {}
        definitions = schema.get("$defs", {})
        required = schema.get("required", [])
        self.fields: dict[str, SchemaField] = {}
        self._taken = set(taken)
        for position, (key, each) in enumerate(schema.get("properties", {}).items()):
            described = _resolved(each, definitions)
            # A user of the REST API may not name files of the server.
            if not described.get("x-local") and not described.get("readOnly"):
                field = SchemaField(key, described, key in required, self._option(key), f"config_{position}")
                self.fields[key] = field

    def _option(self, key: str) -> str:
        name = _NO_OPTION.sub("-", key).strip("-")
        option = f"--{self.type_id}-{name}" if f"--{name}" in self._taken else f"--{name}"
        self._taken.add(option)
        return option

    def params(self, updating: bool) -> Iterator[click.Option]:
        """An option for each field. None is required where an existing listener is changed."""
        names = {each.option for each in self.fields.values()}
        for field in self.fields.values():
            declared = field.option
            if field.shape is Shape.BOOLEAN and (negative := f"--no-{field.option[2:]}") not in names:
                declared = f"{field.option}/{negative}"
            yield FieldOption(field, declared, updating)

    def config(self, given: dict[str, Any]) -> dict[str, Any]:
        """Take what was given for the fields out of the command's parameters: the configuration that is sent."""
        found = {}
        for key, field in self.fields.items():
            value = given.pop(field.parameter, None)
            if value is not None and value != ():
                found[key] = field.value(value)
        return found

    def option_of(self, path: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
        """The option for a path of the server's errors, and what is left of the path."""
        if path[:1] == ("notifier_config",) and len(path) > 1 and path[1] in self.fields:
            return self.fields[path[1]].option, path[2:]
        return None, path


class FieldOption(click.Option):
    """The option for a field of a notifier."""

    def __init__(self, field: SchemaField, declared: str, updating: bool) -> None:
        self.group = field.group
        shape = field.shape
        kind: dict[str, Any] = {"type": str, "metavar": _metavar(field), "multiple": field.repeated}
        if shape is Shape.BOOLEAN:
            kind = {"type": bool, "is_flag": True, "default": None}
        super().__init__(
            [declared, field.parameter],
            help=field.help(updating),
            required=field.required and not updating,
            **kind,
        )


def _metavar(field: SchemaField) -> str:
    if field.shape is Shape.MAPPING:
        return "KEY=VALUE"
    names = {Shape.INTEGER: "INTEGER", Shape.NUMBER: "FLOAT", Shape.JSON: "JSON"}
    return names.get(field.shape, "TEXT")


def _resolved(described: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A property without `$ref`, so far as that does not go round in circles."""
    if not isinstance(described, Mapping):
        return {}
    found = dict(described)
    for _ in range(8):
        reference = found.pop("$ref", None)
        if not isinstance(reference, str):
            break
        found = {**definitions.get(reference.rpartition("/")[2], {}), **found}
    if len(several := [each for each in found.get("allOf", ()) if isinstance(each, Mapping)]) == 1:
        found = {**_resolved(several[0], definitions), **{key: each for key, each in found.items() if key != "allOf"}}
    if isinstance(found.get("items"), Mapping) and "$ref" in found["items"]:
        found["items"] = _resolved(found["items"], definitions)
    return found
