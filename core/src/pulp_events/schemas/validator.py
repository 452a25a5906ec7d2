"""JSON Schemas with more than the plain keywords: whether one is sound, and the check by jsonschema, imported here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import regex
from jsonschema.exceptions import SchemaError
from jsonschema.validators import Draft202012Validator, validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

from pulp_events.frozen import thaw
from pulp_events.schemas import bounded
from pulp_events.schemas.fault import ROOT, Check, Fault, UnusableSchema, path_of

_MOST = 20
"""Faults that one payload is told of."""
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
"""Keywords whose schemas look at the same value."""


def checked_by_jsonschema(schema: Mapping[str, Any]) -> Check:
    """The check for a schema. Raises UnusableSchema where it is not a JSON Schema, or would fail on payloads."""
    plain = thaw(schema)
    kind = validator_for(plain, default=Draft202012Validator)
    try:
        kind.check_schema(plain)
    except SchemaError as error:
        raise UnusableSchema(f"it is not a JSON Schema: {error.message:.200}, at {error.json_path}") from error
    _Soundness().walk(plain, _resolver(plain), "$")
    # A registry of its own: jsonschema's default one fetches what a $ref names, from the network.
    validator = bounded.kind_like(kind)(plain, registry=Registry())

    def check(payload: Any) -> list[Fault]:
        found: list[Fault] = []
        try:
            with bounded.budget():
                for error in validator.iter_errors(payload):
                    found.append(_fault(error))
                    if len(found) == _MOST:
                        break
        except bounded.TooMuch as error:
            found.append(Fault(ROOT, str(error), f"{ROOT} {error}"))
        return found

    return check


def _fault(error: Any) -> Fault:
    place = path_of(key for key in error.absolute_path if not isinstance(key, int))
    rule = "/".join(map(str, error.schema_path))
    return Fault(path_of(error.absolute_path), _words_of(error), f"{place} {rule}")


def _words_of(error: Any) -> str:
    """What is wrong, without the value that it is said of, which may be long, or nobody's business."""
    value = repr(error.instance)
    if error.message.startswith(f"{value} "):
        return str(error.message)[len(value) + 1 :][:200]
    return f"does not fit: {error.message:.200}"


def _resolver(schema: Any) -> Any:
    stated = schema.get("$schema") if isinstance(schema, Mapping) else None
    resource = specification_with(str(stated), default=DRAFT202012).create_resource(schema)
    registry: Any = REGISTRY.with_resource("", resource).crawl()
    return registry.resolver_with_root(resource)


class _Soundness:
    """Finds what the schema of schemas does not: patterns that are none, and references to nowhere or without end."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def walk(self, schema: Any, resolver: Any, place: str) -> None:
        """Look at a schema and all within it, and at those that it refers to. Raises UnusableSchema."""
        if not isinstance(schema, Mapping) or id(schema) in self._seen:
            return
        self._seen.add(id(schema))
        for pattern in [
            *schema.get("patternProperties", ()),
            *(each for key, each in schema.items() if key == "pattern"),
        ]:
            _compiles(pattern, place)
        self._ends(schema, resolver, place, ())
        for target, its_resolver in _targets(schema, resolver, place):
            self.walk(target, its_resolver, place)
        for keyword, within in _within(schema):
            self.walk(within, _entered(resolver, within), f"{place}.{keyword}")

    def _ends(self, schema: Any, resolver: Any, place: str, around: tuple[int, ...]) -> None:
        if not isinstance(schema, Mapping):
            return
        if id(schema) in around:
            raise UnusableSchema(f"its reference at {place} leads back to itself, without end")
        around = (*around, id(schema))
        for target, its_resolver in _targets(schema, resolver, place):
            self._ends(target, its_resolver, place, around)
        for keyword, within in _within(schema):
            if keyword.partition(".")[0] in _IN_PLACE:
                self._ends(within, _entered(resolver, within), place, around)


def _compiles(pattern: Any, place: str) -> None:
    try:
        bounded.compiled(pattern)
    except (regex.error, TypeError, OverflowError, RecursionError) as error:
        raise UnusableSchema(f"{pattern!r:.80} is not a regular expression: {error}, at {place}") from error


def _targets(schema: Mapping[str, Any], resolver: Any, place: str) -> Iterator[tuple[Any, Any]]:
    for keyword in ("$ref", "$dynamicRef"):
        if keyword not in schema:
            continue
        try:
            found = resolver.lookup(schema[keyword])
        except (Unresolvable, ValueError, LookupError, TypeError, AttributeError) as error:
            text = f"{keyword} {schema[keyword]!r:.80} leads nowhere, at {place}; nothing outside the schema is fetched"
            raise UnusableSchema(text) from error
        if not isinstance(found.contents, Mapping | bool):
            raise UnusableSchema(f"{keyword} {schema[keyword]!r:.80} does not lead to a schema, at {place}")
        yield found.contents, found.resolver


_ONE = frozenset(
    ["additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then"]
    + ["unevaluatedItems", "unevaluatedProperties", "additionalItems"]
)
_LISTS = frozenset(["allOf", "anyOf", "oneOf", "prefixItems", "items"])
_NAMED = frozenset(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties", "dependencies"])


def _within(schema: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for keyword, value in schema.items():
        if keyword in _ONE and isinstance(value, Mapping):
            yield keyword, value
        elif keyword in _LISTS and isinstance(value, list):
            yield from ((f"{keyword}.{number}", each) for number, each in enumerate(value))
        elif keyword in _NAMED and isinstance(value, Mapping):
            yield from ((f"{keyword}.{name}", each) for name, each in value.items())


def _entered(resolver: Any, schema: Any) -> Any:
    """With the base of its own that a schema with `$id` has."""
    if not isinstance(schema, Mapping) or "$id" not in schema:
        return resolver
    return resolver.in_subresource(DRAFT202012.create_resource(schema))
