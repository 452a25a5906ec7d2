"""Where a payload does not fit a marshmallow Schema: its errors, told by the keys of the payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import fields

from pulp_events.schemas.fault import Fault, path_of

_OF_SCHEMA = "_schema"
_Keys = tuple[str | int, ...]


def faults_of(errors: Mapping[Any, Any], schema: Any) -> Iterator[Fault]:
    """The faults in what `schema.validate(payload)` returned."""
    for keys, text in _of_object(errors, schema, ()):
        place = path_of(key for key in keys if isinstance(key, str))
        yield Fault(path_of(keys), f"does not fit: {text:.200}", f"{place} {text:.80}")


def _of_object(errors: Any, schema: Any, keys: _Keys) -> Iterator[tuple[_Keys, str]]:
    known = {each.data_key or name: each for name, each in schema.fields.items()}
    for key, within in errors.items() if isinstance(errors, Mapping) else [(_OF_SCHEMA, errors)]:
        yield from _of_value(within, known.get(key), keys if key == _OF_SCHEMA else (*keys, key))


def _of_value(errors: Any, field: Any, keys: _Keys) -> Iterator[tuple[_Keys, str]]:
    """marshmallow puts keys into the path that no payload has: of a plucked field, and `key` and `value` of a dict."""
    if isinstance(errors, list):
        for each in errors:
            yield from _of_value(each, field, keys)
    elif not isinstance(errors, Mapping):
        yield keys, str(errors)
    elif isinstance(field, fields.Nested) and (not field.many or _OF_SCHEMA in errors):
        yield from _of_nested(errors, field, keys)
    else:
        for key, within in errors.items():
            yield from _of_part(within, field, keys if key == _OF_SCHEMA else (*keys, key))


def _of_part(errors: Any, field: Any, keys: _Keys) -> Iterator[tuple[_Keys, str]]:
    """Of an item, or a value by its key."""
    if isinstance(field, fields.Nested):
        yield from _of_nested(errors, field, keys)
    elif isinstance(field, fields.Dict) and isinstance(errors, Mapping) and errors.keys() <= {"key", "value"}:
        yield from _of_value(errors.get("key", []), field.key_field, keys)
        yield from _of_value(errors.get("value", []), field.value_field, keys)
    elif isinstance(field, fields.Tuple) and isinstance(keys[-1], int) and keys[-1] < len(field.tuple_fields):
        yield from _of_value(errors, field.tuple_fields[keys[-1]], keys)
    else:
        yield from _of_value(errors, getattr(field, "inner", None), keys)


def _of_nested(errors: Any, field: Any, keys: _Keys) -> Iterator[tuple[_Keys, str]]:
    plucked = field.schema.fields.get(field.field_name) if isinstance(field, fields.Pluck) else None
    key = None if plucked is None else plucked.data_key or field.field_name
    if isinstance(errors, Mapping) and key in errors:
        yield from _of_value(errors[key], plucked, keys)
    else:
        yield from _of_object(errors, field.schema, keys)
