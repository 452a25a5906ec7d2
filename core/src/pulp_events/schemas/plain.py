"""Checks against the JSON Schemas that most event types have, at the price of a few look-ups.

`emit` checks every event, and a general validator takes as long as the rest of `emit`. These keywords are all that a
plain schema has: `type`, `properties`, `required`, `additionalProperties`, `items`, `enum` of texts and null, and those
that only describe. For any other schema `compiled` returns None, and jsonschema checks it (`checks.py`). A property
test holds the two to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulp_events.frozen import FrozenDict, FrozenList
from pulp_events.schemas.fault import ROOT, Check, Fault

_DESCRIBING = frozenset(
    [
        "$schema",
        "$comment",
        "title",
        "description",
        "examples",
        "default",
        "deprecated",
        "readOnly",
        "writeOnly",
        "format",
    ]
)
"""`format` is an annotation, as draft 2020-12 has it."""
_CHECKING = frozenset(["type", "properties", "required", "additionalProperties", "items", "enum"])
_DIALECTS = ("https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema")
_DEEPEST = 32

_OBJECT, _ARRAY, _NUMBER = "an object", "an array", "a number"
_OBJECTS: frozenset[type[Any]] = frozenset((dict, FrozenDict))
_ARRAYS: frozenset[type[Any]] = frozenset((list, FrozenList))
_TYPES: Mapping[str, frozenset[type[Any]]] = {
    "object": _OBJECTS,
    "array": _ARRAYS,
    "string": frozenset([str]),
    "number": frozenset([int, float]),
    "integer": frozenset([int]),
    "boolean": frozenset([bool]),
    "null": frozenset([type(None)]),
}
_NAMES: Mapping[type[Any], str] = {
    dict: _OBJECT,
    FrozenDict: _OBJECT,
    list: _ARRAY,
    FrozenList: _ARRAY,
    str: "text",
    int: _NUMBER,
    float: _NUMBER,
    bool: "true or false",
    type(None): "null",
}
_WANTED: Mapping[str, str] = {
    "object": _OBJECT,
    "array": _ARRAY,
    "string": "text",
    "number": _NUMBER,
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}

_Look = Callable[[Any, str, str, list[Fault]], None]
"""Adds the faults of a value to the list; also given are its path, and the path without indexes."""


class _NotPlain(Exception):
    """The schema has more than this file knows, or is not valid."""


def compiled(schema: Mapping[str, Any]) -> Check | None:
    """What checks payloads against the schema; None if it is not a plain one."""
    if schema.get("$schema", _DIALECTS[0]) not in _DIALECTS:
        return None
    try:
        look = _compile(schema, _DEEPEST)
    except _NotPlain:
        return None

    def check(payload: Any) -> list[Fault]:
        faults: list[Fault] = []
        look(payload, ROOT, ROOT, faults)
        return faults

    return check


def _compile(schema: Any, levels: int) -> _Look:
    if not isinstance(schema, Mapping) or not levels or not schema.keys() <= _DESCRIBING | _CHECKING:
        raise _NotPlain
    looks: list[_Look] = []
    if "type" in schema:
        looks.append(_typed(schema["type"]))
    if "enum" in schema:
        looks.append(_one_of(schema["enum"]))
    if schema.keys() & {"properties", "required", "additionalProperties"}:
        looks.append(_object(schema, levels - 1))
    if "items" in schema:
        looks.append(_items(schema["items"], levels - 1))
    if len(looks) == 1:
        return looks[0]

    def look(value: Any, path: str, place: str, faults: list[Fault]) -> None:
        for each in looks:
            each(value, path, place, faults)

    return look


def _type_names(stated: Any) -> list[str]:
    names = [stated] if isinstance(stated, str) else stated
    if not _texts(names) or not names or not all(name in _TYPES for name in names):
        raise _NotPlain
    return list(names)


def _kinds(stated: Any) -> frozenset[type[Any]]:
    return frozenset().union(*(_TYPES[name] for name in _type_names(stated)))


def _typed(stated: Any) -> _Look:
    names, kinds = _type_names(stated), _kinds(stated)
    whole = "integer" in names and "number" not in names
    wanted = " or ".join(_WANTED[name] for name in names)

    def look(value: Any, path: str, place: str, faults: list[Fault]) -> None:
        kind = type(value)
        if kind not in kinds and not (whole and kind is float and value.is_integer()):
            given = "a fraction" if kind is float and whole else _NAMES.get(kind, kind.__name__)
            faults.append(Fault(path, f"is {given}; it must be {wanted}", f"{place} type {given}"))

    return look


def _one_of(choices: Any) -> _Look:
    if not isinstance(choices, list | tuple) or not all(each is None or isinstance(each, str) for each in choices):
        raise _NotPlain
    known = frozenset(choices)
    wanted = ", ".join("null" if each is None else repr(each) for each in choices)

    def look(value: Any, path: str, place: str, faults: list[Fault]) -> None:
        if not (value is None or type(value) is str) or value not in known:
            faults.append(Fault(path, f"is none of {wanted:.200}", f"{place} enum"))

    return look


def _object(schema: Mapping[str, Any], levels: int) -> _Look:
    properties, required = schema.get("properties", {}), schema.get("required", ())
    if not isinstance(properties, Mapping) or not _texts(required):
        raise _NotPlain
    looks = {key: _compile(each, levels) for key, each in properties.items()}
    plainest = {key: _kinds(each["type"]) for key, each in properties.items() if each.keys() & _CHECKING == {"type"}}
    further = schema.get("additionalProperties", True)
    others = None if isinstance(further, bool) else _compile(further, levels)
    closed = further is False

    def look(value: Any, path: str, place: str, faults: list[Fault]) -> None:
        if type(value) not in _OBJECTS:
            return
        for key in required:
            if key not in value:
                faults.append(Fault(f"{path}.{key}", "is missing", f"{place}.{key} required"))
        for key, item in value.items():
            if key in plainest and type(item) in plainest[key]:
                continue  # as most are
            known = looks.get(key)
            if known is not None:
                known(item, f"{path}.{key}", f"{place}.{key}", faults)
            elif others is not None:
                others(item, f"{path}.{key}", f"{place}.*", faults)
            elif closed:
                faults.append(Fault(f"{path}.{key}", "is not a key of it", f"{place} additionalProperties"))

    return look


def _items(schema: Any, levels: int) -> _Look:
    inner = _compile(schema, levels)

    def look(value: Any, path: str, place: str, faults: list[Fault]) -> None:
        if type(value) in _ARRAYS:
            for number, item in enumerate(value):
                inner(item, f"{path}[{number}]", f"{place}[]", faults)

    return look


def _texts(found: Any) -> bool:
    return isinstance(found, list | tuple) and all(isinstance(each, str) for each in found)
