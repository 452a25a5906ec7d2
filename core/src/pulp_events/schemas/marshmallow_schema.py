"""marshmallow Schemas as JSON Schema, by apispec, which is imported only here."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.common import make_schema_key, resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import fields

from pulp_events.events.event_type import description_of

_VERSION = "3.1.0"
"""OpenAPI 3.1 has JSON Schema of draft 2020-12."""

_BOUNDS = frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])


def converted(schema: Any) -> dict[str, Any]:
    """The JSON Schema of a marshmallow Schema, class or instance; one that refers to itself has `$ref` to do so."""
    converter = Converter()
    made = converter.whole(resolve_schema_instance(schema))
    return {**made, "$defs": converter.definitions} if converter.definitions else made


class Converter(OpenAPIConverter):  # type: ignore[misc,unused-ignore]
    """Nested schemas stand where they belong, except those that lead back to themselves: these are in `$defs`."""

    def __init__(self) -> None:
        spec = APISpec("", "", openapi_version=_VERSION)
        super().__init__(openapi_version=_VERSION, schema_name_resolver=lambda _: None, spec=spec)
        self.definitions: dict[str, Any] = {}
        self._references: dict[Any, str] = {}
        self._made: dict[Any, dict[str, Any]] = {}
        self._around: list[Any] = []
        add: Any = self.add_attribute_function
        for each in (_description, _exclusive, _number, _nullable):
            add(each)

    def whole(self, schema: Any) -> dict[str, Any]:
        key = make_schema_key(schema)
        self._around.append(key)
        self._references[key] = "#"
        return self._described(schema)

    def _described(self, schema: Any) -> dict[str, Any]:
        describe: Any = self.schema2jsonschema
        return dict(describe(schema))

    def resolve_nested_schema(self, schema: Any) -> Any:
        instance = resolve_schema_instance(schema)
        key = make_schema_key(instance)
        made = self._reference(key, instance) if key in self._around else self._inline(key, instance)
        return {"type": "array", "items": made} if instance.many else made

    def _inline(self, key: Any, schema: Any) -> dict[str, Any]:
        if key not in self._made:
            self._around.append(key)
            made = self._described(schema)
            self._around.pop()
            if key in self._references:
                self.definitions[self._references[key].rpartition("/")[2]] = made
                made = {"$ref": self._references[key]}
            self._made[key] = made
        return copy.deepcopy(self._made[key])

    def _reference(self, key: Any, schema: Any) -> dict[str, Any]:
        if key not in self._references:
            taken = set(self._references.values())
            name = place = f"#/$defs/{type(schema).__name__}"
            number = 1
            while place in taken:
                number += 1
                place = f"{name}{number}"
            self._references[key] = place
        return {"$ref": self._references[key]}


def _description(converter: Any, field: Any, **_: Any) -> dict[str, Any]:
    text = description_of(field)
    return {"description": text} if text else {}


def _exclusive(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """apispec takes every bound for one that is within the range."""
    for key, excluding in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if key in ret and any(
            getattr(each, f"{key[:3]}_inclusive", True) is False
            and field._serialize(getattr(each, key[:3]), None, None) == ret[key]
            for each in field.validators
        ):
            ret[excluding] = ret.pop(key)
    return {}


def _number(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Which numbers leave as text: every Decimal, and what an `as_string` field dumped. A Decimal field takes numbers,
    too, as do the others; bounds are numbers for any."""
    as_text = getattr(field, "as_string", False)
    if not isinstance(field, fields.Decimal) and not as_text:
        return {}
    kinds = ["string"]
    if not (as_text and isinstance(field, fields.Decimal)):
        kinds.insert(0, "integer" if isinstance(field, fields.Integer) else "number")
    if field.allow_none:
        kinds.append("null")
    made: dict[str, Any] = {"type": kinds if len(kinds) > 1 else kinds[0]}
    if isinstance(field, fields.Decimal):
        made["format"] = "decimal"
    for key, value in list(ret.items()):
        if key == "enum":
            found = [spelt for each in value for spelt in _spellings(each)]
            made[key] = [each for each in found if isinstance(each, str) or each is None or kinds[0] != "string"]
        elif key in _BOUNDS or isinstance(value, Decimal):
            made[key] = float(value)
    return made


def _spellings(value: Any) -> list[Any]:
    if value is None:
        return [None]
    return [float(value) if isinstance(value, Decimal) else value, str(value)]


def _nullable(converter: Any, field: Any, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """apispec looks whether there is a `$ref` before there is one."""
    if field.allow_none and "$ref" in ret:
        return {"anyOf": [{"$ref": ret.pop("$ref")}, {"type": "null"}]}
    return {}
