"""The JSON Schema of a dataclass, as `jsonable` writes its values."""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pulp_events.errors import PluginError

Schema = dict[str, Any]

_ANY: Schema = {}
_SIMPLE: Sequence[tuple[type, Schema]] = (
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (str, {"type": "string"}),
    (type(None), {"type": "null"}),
    (datetime, {"type": "string", "format": "date-time"}),
    (date, {"type": "string", "format": "date"}),
    (time, {"type": "string", "format": "time"}),
    (timedelta, {"type": "number", "description": "seconds"}),
    (UUID, {"type": "string", "format": "uuid"}),
    (Decimal, {"type": "string", "format": "decimal"}),
    (PurePath, {"type": "string"}),
    (bytes, {"type": "string", "contentEncoding": "base64"}),
    (bytearray, {"type": "string", "contentEncoding": "base64"}),
)
"""The first that a type is, or is derived from."""


def dataclass_schema(cls: Any) -> Schema:
    """The schema of a dataclass. Each field is required, as each of its events has it.

    A field's `metadata` may have a `description` (or `help`), and further keywords as `schema`, a mapping. What a type
    says that is none of those in `jsonable` is left open. Raises PluginError for annotations that cannot be resolved.
    """
    return _of_dataclass(cls, ())


def _of_dataclass(cls: Any, around: tuple[Any, ...]) -> Schema:
    if cls in around:
        return {"type": "object"}  # within itself: what it holds is said once
    try:
        hints = get_type_hints(cls, include_extras=True)
    except (NameError, TypeError) as error:
        raise PluginError(
            f"the annotations of {cls.__qualname__} cannot be resolved ({error}); import what they name when the "
            "program runs, too, or give schema="
        ) from error
    properties = {}
    for each in dataclasses.fields(cls):
        made = dict(_of(hints[each.name], (*around, cls)))
        text = each.metadata.get("description") or each.metadata.get("help")
        properties[each.name] = {
            **made,
            **({"description": str(text)} if text else {}),
            **each.metadata.get("schema", {}),
        }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _of(kind: Any, around: tuple[Any, ...]) -> Schema:
    if isinstance(kind, NewType):
        return _of(kind.__supertype__, around)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _of(arguments[0], around)
    if origin is Literal:
        return _enumerated(arguments)
    if origin in (Union, types.UnionType):
        return _either([_of(each, around) for each in arguments])
    plain = kind if origin is None else origin
    if not isinstance(plain, type):
        return _ANY
    if issubclass(plain, enum.Enum):
        return _enumerated([each.value for each in plain])
    if dataclasses.is_dataclass(plain):
        return _of_dataclass(plain, around)
    for known, schema in _SIMPLE:
        if issubclass(plain, known):
            return schema
    return _container(plain, arguments, around)


def _container(plain: type, arguments: tuple[Any, ...], around: tuple[Any, ...]) -> Schema:
    if issubclass(plain, Mapping):
        values = _of(arguments[1], around) if len(arguments) == 2 else _ANY
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    if issubclass(plain, tuple) and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return {"type": "array"}  # each place has a type of its own
    if issubclass(plain, Sequence | AbstractSet):
        items = _of(arguments[0], around) if arguments else _ANY
        return {"type": "array", **({"items": items} if items else {})}
    return _ANY


def _enumerated(values: Sequence[Any]) -> Schema:
    plain = [each.value if isinstance(each, enum.Enum) else each for each in values]
    if not all(isinstance(each, str | int | float | None) for each in plain):
        return _ANY
    return {"enum": plain}


def _either(kinds: list[Schema]) -> Schema:
    """Where each is no more than a type, one schema with all types, which is checked faster."""
    if _ANY in kinds:
        return _ANY
    null: Schema = {"type": "null"}
    others = [each for each in kinds if each != null]
    if len(others) == 1 and len(kinds) == 2:
        [only] = others
        if "enum" in only:
            return {"enum": [*only["enum"], None]}
        if isinstance(only.get("type"), str):
            return {**only, "type": [only["type"], "null"]}
    if all(set(each) == {"type"} for each in kinds):
        return {"type": [each["type"] for each in kinds]}
    return {"anyOf": kinds}
