"""What a field is made of: one value, a list, a mapping, or an object with fields of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields


@dataclass(frozen=True)
class Single:
    """One value, which a text may stand for."""

    field: fields.Field[Any]
    """It judges the value."""


@dataclass(frozen=True)
class Listing:
    """A list of values."""

    parts: tuple[Structure, ...]
    """What each item is, of a list with a fixed number of them; else the one thing that all are."""
    fixed: bool

    def part(self, number: int) -> Structure:
        """What the item at this place is, counted from 0; the last one's for those that are too many."""
        return self.parts[min(number, len(self.parts) - 1)]

    @property
    def plain(self) -> bool:
        """Whether each item is one value."""
        return all(isinstance(each, Single) for each in self.parts)


@dataclass(frozen=True)
class Pairs:
    """A mapping to values of one kind."""

    value: Structure
    key: fields.Field[Any]
    """It judges the keys, which JSON has as texts."""


@dataclass(frozen=True)
class Object:
    """A mapping with the fields of a schema."""

    schema: Schema


Structure = Single | Listing | Pairs | Object


def structure(field: fields.Field[Any]) -> Structure:
    """The structure of a field that belongs to a schema. Raises what making a nested schema raises."""
    if isinstance(field, fields.Nested):
        one = structure(plucked(field)) if isinstance(field, fields.Pluck) else Object(field.schema)
        return Listing((one,), fixed=False) if field.many or field.schema.many else one
    if isinstance(field, fields.Mapping):
        value = Single(fields.Raw()) if field.value_field is None else structure(field.value_field)
        return Pairs(value, field.key_field or fields.Raw())
    if isinstance(field, fields.Tuple):
        parts = tuple(map(structure, field.tuple_fields))
        return Listing(parts or (Single(fields.Raw()),), fixed=True)
    return Listing((structure(field.inner),), fixed=False) if isinstance(field, fields.List) else Single(field)


def offered(schema: Schema) -> dict[str, fields.Field[Any]]:
    """The fields of a configuration that somebody may set, by their keys: neither what is only dumped, nor a constant,
    which is loaded whatever is given."""
    return {
        field.data_key or name: field
        for name, field in schema.fields.items()
        if not field.dump_only and not isinstance(field, fields.Constant)
    }


def plucked(field: fields.Pluck) -> fields.Field[Any]:
    """The field of the nested schema that the value is of."""
    return field.schema.fields[field.field_name]


def is_plain(field: fields.Field[Any]) -> bool:
    """Whether it loads as marshmallow's own lists, mappings and nested fields do, which never take one text."""
    return type(field) in (fields.List, fields.Tuple, fields.Dict, fields.Nested)
