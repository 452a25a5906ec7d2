"""Event types' schemas as JSON Schema, draft 2020-12: of a payload, and of the reports of all types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pulp_events.events.event_type import EventType
from pulp_events.frozen import thaw
from pulp_events.schemas.fault import INSTALL, UnusableSchema
from pulp_events.schemas.plain import compiled
from pulp_events.system import guard
from pulp_events.system.logs import get_logger
from pulp_events.system.signal_handlers import raised_in_handler
from pulp_events.visible import one_line

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VALUES = frozenset(["enum", "const", "default", "examples"])
"""Keywords whose values are data, in which `$ref` means nothing."""
_NAMED = frozenset(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"])
"""Keywords whose values are schemas by names of the author's own."""

_logger = get_logger(__name__)


def payload_schema(event_type: EventType) -> dict[str, Any]:
    """The schema of its payload. A type without one has an object with the keys that it names, of any value.

    Raises UnusableSchema.
    """
    schema = event_type.schema
    if schema is None:
        made = _of_keys(event_type)
    elif isinstance(schema, Mapping):
        made = _sound(event_type, schema)
    else:
        try:
            with guard.exits("its schema"):
                made = _of_marshmallow(schema)
        except Exception as error:
            if raised_in_handler(error):
                raise
            text = str(error) if isinstance(error, UnusableSchema) else f"{type(error).__name__}: {error}"
            raise UnusableSchema(f"{event_type.name} cannot be described: {one_line(text)[:300]}") from error
    return _headed(event_type, made)


def _sound(event_type: EventType, schema: Mapping[str, Any]) -> dict[str, Any]:
    try:
        if compiled(schema) is None:
            from pulp_events.schemas.validator import checked_by_jsonschema

            checked_by_jsonschema(schema)
    except ImportError:
        pass  # it can be shown without the packages that check it
    except UnusableSchema as error:
        raise UnusableSchema(f"the schema of {event_type.name} cannot be used: {one_line(str(error))[:400]}") from error
    made: dict[str, Any] = thaw(schema)
    return made


def payload_schemas(
    event_types: Iterable[EventType], unusable: Callable[[UnusableSchema], None] | None = None
) -> Iterator[tuple[EventType, dict[str, Any]]]:
    """The schema of the payload of each. A type whose schema cannot be used is there as if it had none.

    `unusable` is called with what is wrong with it; by default that is logged.
    """
    for each in event_types:
        try:
            found = payload_schema(each)
        except UnusableSchema as error:
            if unusable is None:
                _logger.error("%s; its payload is described without it", error)
            else:
                unusable(error)
            found = _headed(each, _of_keys(each))
        yield each, found


def _of_keys(event_type: EventType) -> dict[str, Any]:
    properties = {key: {"description": text} for key, text in event_type.payload.items()}
    return {"type": "object", "properties": properties}


def _headed(event_type: EventType, schema: dict[str, Any]) -> dict[str, Any]:
    head = {"$schema": DIALECT, "title": event_type.name, "description": event_type.description}
    if event_type.version:
        head["$comment"] = f"version {event_type.version}"
    return {**head, **schema}


def report_schema(
    event_types: Iterable[EventType], unusable: Callable[[UnusableSchema], None] | None = None
) -> dict[str, Any]:
    """One schema for the reports of these types: `call_report`, `event_type`, and the payload as its type has it.

    A report of another type fits, too: a receiver may see types that came later. `unusable`: as `payload_schemas`.
    """
    definitions: dict[str, Any] = {}
    rules = []
    for each, schema in payload_schemas(event_types, unusable):
        place = f"#/$defs/{each.name}"
        definitions[each.name] = moved(schema, place)
        rules.append(
            {
                "if": {"properties": {"event_type": {"const": each.name}}},
                "then": {"properties": {"payload": {"$ref": place}}},
            }
        )
    return {
        "$schema": DIALECT,
        "title": "Event report",
        "type": "object",
        "required": ["call_report", "event_type", "payload"],
        "properties": {
            "call_report": {"type": "object", "description": "the application's report of the call that led to it"},
            "event_type": {"type": "string", "description": "name of the event type"},
            "payload": {"type": "object", "description": "what happened"},
        },
        "allOf": rules,
        "$defs": definitions,
    }


def moved(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The schema as a part of a document, at `place`: references within it are to be found there."""

    def walk(node: Any, names: bool = False) -> Any:
        if isinstance(node, list):
            return [walk(each) for each in node]
        if not isinstance(node, dict):
            return node
        if names:
            return {key: walk(value) for key, value in node.items()}
        found = {key: value if key in _VALUES else walk(value, key in _NAMED) for key, value in node.items()}
        reference = found.get("$ref")
        if isinstance(reference, str) and (reference == "#" or reference.startswith("#/")):
            found["$ref"] = place + reference[1:]
        return found

    part: dict[str, Any] = walk(dict(schema))
    return {key: value for key, value in part.items() if key != "$schema"}


def _of_marshmallow(schema: Any) -> dict[str, Any]:
    try:
        from pulp_events.schemas.marshmallow_schema import converted
    except ImportError as error:
        raise UnusableSchema(f"it is a marshmallow Schema, and shown by the package apispec: {INSTALL}") from error
    try:
        made = converted(schema)
    except RecursionError as error:
        raise UnusableSchema("its schemas are nested without end, each time another one") from error
    plain: dict[str, Any] = thaw(made)
    return plain
