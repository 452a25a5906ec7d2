"""What a payload's schema says of each field, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

DEEPEST = 8
"""Levels of objects in objects that are described."""
MOST = 1000
"""Fields that are described: schemas that hold each other have ever more."""


@dataclass(frozen=True)
class PayloadField:
    """One field of a payload."""

    name: str
    """Keys with dots between; `lines[].count` is the key `count` of each item of the list `lines`."""
    type: str
    """Types of JSON Schema, such as `string (date-time) or null`; `any` where the schema does not say."""
    required: bool
    """True if the object that it stands in must have it."""
    description: str


def fields_of(schema: Mapping[str, Any]) -> list[PayloadField]:
    """The fields of a payload, those of objects within it after them."""
    return list(islice(_below(schema, schema, "", DEEPEST), MOST))


def resolved(schema: Any, whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema, or what its `$ref` names within `whole`; empty for what cannot be found, and for true and false."""
    for _ in range(DEEPEST):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str):
            break
        found: Any = whole if reference == "#" or reference.startswith("#/") else {}
        for key in reference[2:].split("/") if reference[2:] else ():
            name = key.replace("~1", "/").replace("~0", "~")  # RFC 6901 §4
            found = found.get(name, {}) if isinstance(found, Mapping) else {}
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**found, **beside} if isinstance(found, Mapping) else beside
    return schema if isinstance(schema, Mapping) else {}


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """The types that a schema names; none where it names none."""
    stated = schema.get("type", [])
    return [stated] if isinstance(stated, str) else [str(each) for each in stated]


def _below(
    schema: Any, whole: Mapping[str, Any], prefix: str, levels: int, around: frozenset[Any] = frozenset(["#"])
) -> Iterator[PayloadField]:
    """`around`: what `$ref` named on the way here; a schema within itself is not told again."""
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    if reference is not None and reference in around:
        return
    around |= {reference}
    schema = resolved(schema, whole)
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not levels:
        return
    required = schema.get("required", ())
    for key, each in properties.items():
        found = resolved(each, whole)
        name = f"{prefix}{key}"
        yield PayloadField(name, _type_text(found, whole), key in required, str(found.get("description", "")))
        yield from _below(each, whole, f"{name}.", levels - 1, around)
        yield from _below(found.get("items"), whole, f"{name}[].", levels - 1, around)


def _type_text(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    if isinstance(schema.get("enum"), list | tuple):
        return " or ".join("null" if each is None else repr(each) for each in schema["enum"])
    texts = []
    for each in types_of(schema):
        if each == "string" and "format" in schema:
            each = f"string ({schema['format']})"
        elif each == "array" and (inner := types_of(resolved(schema.get("items"), whole))):
            each = f"array of {' or '.join(inner)}"
        texts.append(each)
    if not texts and isinstance(schema.get("anyOf"), list | tuple):
        texts = [each for choice in schema["anyOf"] for each in types_of(resolved(choice, whole)) or ["any"]]
    return "any" if "any" in texts else " or ".join(dict.fromkeys(texts)) or "any"
