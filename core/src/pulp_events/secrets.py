"""Secrets in configurations: references to them, and keeping them out of sight.

A secret field (`metadata={"secret": True}`) holds its value or a reference, `{"$env": "NAME"}` or
`{"$file": "/path"}`, that is read each time a channel opens, so that the record holds no secret. In a list or mapping
each item may be one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields

from pulp_events.errors import SettingsError
from pulp_events.redaction.passwords import (
    MASK,
    mask_address,
    mask_message,
    mask_passwords,
    mask_value,
    passwords_of_urls,
)
from pulp_events.redaction.scrubber import Scrubber
from pulp_events.system.remedies import remedy

__all__ = [
    "MASK",
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
    "redact",
    "resolve",
    "secret_fields",
    "secret_values",
]

_SECRET_NAME = re.compile(r"pass|pwd|secret|token|credential|key|auth", re.IGNORECASE)


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

    return bool(_SECRET_NAME.search(key) or difflib.get_close_matches(key, secret_fields(schema), n=1))


def is_reference(value: Any) -> bool:
    """True for `{"$env": …}` and `{"$file": …}`."""
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and next(iter(value)) in ("$env", "$file")
        and isinstance(next(iter(value.values())), str)
    )


def holds_reference(value: Any) -> bool:
    """True for a reference, and for a list or mapping that has one among its items."""
    if is_reference(value):
        return True
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(map(is_reference, items))


def describe_reference(reference: Mapping[str, str]) -> str:
    """`env:NAME` or `file:PATH`, as the CLI takes it."""
    kind, name = next(iter(reference.items()))
    return f"{kind[1:]}:{name}"


def resolve(value: Any, place: str) -> Any:
    """The value that a reference stands for, also as an item of a list or mapping; anything else as it is.

    One line break at a file's end is dropped. Raises SettingsError that names `place` and the reference when it cannot
    be read.
    """
    if not is_reference(value):
        if isinstance(value, list | tuple):
            return [resolve(item, place) if is_reference(item) else item for item in value]
        if isinstance(value, Mapping):
            return {key: resolve(item, f"{place} {key}") if is_reference(item) else item for key, item in value.items()}
        return value
    kind, name = next(iter(value.items()))
    if kind == "$env":
        if name not in os.environ:
            raise SettingsError(f"{place}: environment variable {name} is not set in this process; set it and retry")
        return os.environ[name]
    try:
        return Path(name).read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise SettingsError(f"{place}: cannot read {name}: {error.strerror}; {remedy(error, 'read')}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{place}: cannot read {name}: not UTF-8 text; write it as UTF-8") from error


def redact(schema: Schema, config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration fit to be shown: secrets masked wherever they stand, references spelt, no password in URLs."""
    by_key = {field.data_key or name: field for name, field in schema.fields.items()}
    return {
        key: _without_value(value) if is_secret(schema, key) else _shown(by_key.get(key), value)
        for key, value in config.items()
    }


def _shown(field: Any, value: Any) -> Any:
    if _is_misplaced(field, value):
        return MASK
    schema = None if field is None else _nested(field)
    if isinstance(value, Mapping):
        if schema is not None:
            return redact(schema, value)
        item = getattr(field, "value_field", None)
        return {key: _shown(item, each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        item = field if schema or isinstance(field, fields.Pluck) else getattr(field, "inner", None)
        places = getattr(field, "tuple_fields", None) or [item] * len(value)
        return [_shown(place, each) for place, each in zip(places, value, strict=False)]
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
    by_key = {field.data_key or name: field for name, field in schema.fields.items()}
    for key, value in config.items():
        if is_secret(schema, key):
            yield value
        else:
            yield from _secrets_below(by_key.get(key), value)


def _secrets_below(field: Any, value: Any) -> Iterator[Any]:
    schema = None if field is None else _nested(field)
    if _is_misplaced(field, value):
        yield value
    elif isinstance(value, Mapping):
        if schema is not None:
            yield from secret_values(schema, value)
        else:
            for each in value.values():
                yield from _secrets_below(getattr(field, "value_field", None), each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _secrets_below(field if schema else getattr(field, "inner", None), each)
    elif isinstance(value, str):
        yield from passwords_of_urls(value)


def _without_value(value: Any) -> Any:
    """What may be shown of a secret: its references."""
    if is_reference(value):
        return describe_reference(value)
    if not holds_reference(value):
        return MASK
    if isinstance(value, Mapping):
        return {key: _without_value(item) for key, item in value.items()}
    return [_without_value(item) for item in value]
