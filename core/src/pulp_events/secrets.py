"""Secrets in configurations: where they stand, and keeping them out of sight.

A secret field (`metadata={"secret": True}`) holds its value or a reference to it (`references.py`). It may stand at any
depth: in a nested schema, a list, a tuple or a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from marshmallow import Schema, fields

from pulp_events.redaction.passwords import (
    MASK,
    mask_address,
    mask_message,
    mask_passwords,
    mask_value,
    passwords_of_urls,
)
from pulp_events.redaction.scrubber import Scrubber
from pulp_events.references import describe_reference, holds_reference, is_reference, resolve

__all__ = [
    "MASK",
    "Place",
    "Scrubber",
    "describe_reference",
    "holds_reference",
    "holds_secrets",
    "is_reference",
    "is_secret",
    "is_secret_field",
    "item_fields",
    "mask_message",
    "mask_passwords",
    "mask_value",
    "nested_schemas",
    "places",
    "redact",
    "resolve",
    "secret_fields",
    "secret_values",
]

_SECRET_NAME = r"pass|pwd|secret|token|credential|key|auth"


def secret_fields(schema: Schema) -> set[str]:
    """Keys (as in the configuration) of the fields that hold secrets, all of their value being one."""
    return {field.data_key or name for name, field in schema.fields.items() if is_secret_field(field)}


def is_secret_field(field: Any) -> bool:
    """True where the field, or each item of the list or mapping that it is, is marked as secret."""
    return bool(field.metadata.get("secret")) or any(map(is_secret_field, item_fields(field)))


def holds_secrets(field: Any, seen: frozenset[type] = frozenset()) -> bool:
    """True where a secret stands anywhere below the field."""
    if is_secret_field(field):
        return True
    if (schema := _nested(field)) is not None and type(schema) not in seen:
        return any(holds_secrets(each, seen | {type(schema)}) for each in schema.fields.values())
    return any(holds_secrets(each, seen) for each in item_fields(field))


def item_fields(field: Any) -> Iterator[Any]:
    """The fields of the items of a list, tuple or mapping, of a mapping that of its values first; and the one that is
    plucked of a nested schema."""
    if isinstance(field, fields.Pluck):
        yield field.schema.fields[field.field_name]
    for found in (
        getattr(field, "inner", None),
        getattr(field, "value_field", None),
        getattr(field, "key_field", None),
    ):
        if found is not None:
            yield found
    yield from getattr(field, "tuple_fields", ())


def _nested(field: Any) -> Schema | None:
    """The schema of a Nested field, whose value is a mapping or a list of them."""
    return field.schema if isinstance(field, fields.Nested) and not isinstance(field, fields.Pluck) else None


def nested_schemas(field: Any) -> Iterator[type[Schema]]:
    """The schemas of what a field is made of: its own, or those of its items."""
    if (schema := _nested(field)) is not None:
        yield type(schema)
    for item in item_fields(field):
        yield from nested_schemas(item)


def is_secret(schema: Schema, key: str) -> bool:
    """True if the value of this key must not be shown: a secret field's, or what may be one's under a misspelt name."""
    names = {field.data_key or name for name, field in schema.fields.items()}
    if key in names:
        return key in secret_fields(schema)
    import difflib

    return bool(
        re.search(_SECRET_NAME, key, flags=re.IGNORECASE) or difflib.get_close_matches(key, secret_fields(schema), n=1)
    )


class Place(NamedTuple):
    """A value of a configuration: the topmost that is secret with all that is in it, or one that has nothing in it."""

    path: tuple[str, ...]
    """Keys of mappings and positions in lists, from the configuration downwards."""
    field: Any
    """Its field; None where there is none."""
    value: Any
    is_secret: bool


def places(schema: Schema, config: Mapping[str, Any]) -> Iterator[Place]:
    """All that a configuration is made of, each value once."""
    known = _by_key(schema)
    for key, value in config.items():
        if is_secret(schema, key):
            yield Place((str(key),), known.get(key), value, is_secret=True)
        else:
            yield from _places((str(key),), known.get(key), value)


def _places(path: tuple[str, ...], field: Any, value: Any) -> Iterator[Place]:
    if _is_misplaced(field, value):
        yield Place(path, field, value, is_secret=True)
    elif is_reference(value) or not isinstance(value, Mapping | list | tuple):
        yield Place(path, field, value, is_secret=False)
    elif isinstance(value, Mapping) and field is not None and (schema := _nested(field)) is not None:
        yield from (each._replace(path=path + each.path) for each in places(schema, value))
    else:
        for key, part, each in _parts(field, value):
            yield from _places((*path, str(key)), part, each)


def _parts(field: Any, value: Mapping[str, Any] | list[Any] | tuple[Any, ...]) -> Iterator[tuple[Any, Any, Any]]:
    """Key or position, field and value of what is in a mapping or a list; None for the field that is not known."""
    if isinstance(value, Mapping):
        yield from ((key, getattr(field, "value_field", None), each) for key, each in value.items())
        return
    several = getattr(field, "tuple_fields", None)
    # What is nested may be a list of the same.
    one = field if isinstance(field, fields.Nested) else getattr(field, "inner", None)
    for number, each in enumerate(value):
        yield number, several[min(number, len(several) - 1)] if several else one, each


def redact(schema: Schema, config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration fit to be shown: secrets masked wherever they stand, references spelt, no password in URLs."""
    known = _by_key(schema)
    return {
        key: _without_value(known.get(key), value) if is_secret(schema, key) else _shown(known.get(key), value)
        for key, value in config.items()
    }


def _by_key(schema: Schema) -> dict[str, Any]:
    return {field.data_key or name: field for name, field in schema.fields.items()}


def _shown(field: Any, value: Any) -> Any:
    if _is_misplaced(field, value):
        return MASK
    if isinstance(value, Mapping):
        if field is not None and (schema := _nested(field)) is not None:
            return redact(schema, value)
        return {key: _shown(part, each) for key, part, each in _parts(field, value)}
    if isinstance(value, list | tuple):
        return [_shown(part, each) for _, part, each in _parts(field, value)]
    return mask_address(value) if isinstance(value, str) else value


def _is_misplaced(field: Any, value: Any) -> bool:
    """True where a value is not of the shape of its field, and the field has secrets in it: then it may be one."""
    if value is None or field is None or not holds_secrets(field):
        return False
    if isinstance(value, Mapping):
        return _nested(field) is None and getattr(field, "value_field", None) is None
    if isinstance(value, list | tuple):
        return not any(
            (isinstance(field, fields.Nested), getattr(field, "inner", None), getattr(field, "tuple_fields", None))
        )
    return True


def secret_values(schema: Schema, config: Mapping[str, Any]) -> Iterator[Any]:
    """What a `Scrubber` must know of a configuration: its secrets, wherever they stand, and passwords in its URLs."""
    for place in places(schema, config):
        if place.is_secret:
            yield place.value
            yield from _secret_keys(place.field, place.value)
        elif isinstance(place.value, str):
            yield from passwords_of_urls(place.value)


def _without_value(field: Any, value: Any) -> Any:
    """What may be shown of a secret: its references, and where they stand in it."""
    if is_reference(value):
        return describe_reference(value)
    if not holds_reference(value) or _has_secret_keys(field):
        return MASK
    parts = [(key, _without_value(part, each)) for key, part, each in _parts(field, value)]
    return dict(parts) if isinstance(value, Mapping) else [shown for _, shown in parts]


def _has_secret_keys(field: Any) -> bool:
    keys = getattr(field, "key_field", None)
    return keys is not None and is_secret_field(keys)


def _secret_keys(field: Any, value: Any) -> Iterator[Any]:
    """Keys of mappings that are secrets themselves."""
    if isinstance(value, Mapping) and _has_secret_keys(field):
        yield from value
    if isinstance(value, Mapping | list | tuple):
        for _, part, each in _parts(field, value):
            yield from _secret_keys(part, each)
