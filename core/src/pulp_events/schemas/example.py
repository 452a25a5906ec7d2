"""An example of a payload, made from its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulp_events.events.event_type import EventType
from pulp_events.schemas.checks import check_of
from pulp_events.schemas.json_schema import payload_schema
from pulp_events.schemas.payload_fields import DEEPEST, resolved, types_of

FULL = DEEPEST - 3
"""Objects above this level have their optional keys, too."""
_BY_FORMAT = {
    "date-time": "2012-10-19T19:09:16Z",
    "date": "2012-10-19",
    "time": "19:09:16Z",
    "duration": "PT5M",
    "email": "admin@example.com",
    "hostname": "repo.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://repo.example.com/",
    "url": "https://repo.example.com/",
    "uuid": "79be77a8-1a20-11e2-aeb9-1803731e94c4",
}


def example_of(event_type: EventType) -> dict[str, Any] | None:
    """A payload that fits; None if the type has no schema, or none that an example is found for.

    Its values are the schema's own examples and defaults, and made up where it has none. Raises UnusableSchema.
    """
    return example_or_reason(event_type)[0]


def example_or_reason(event_type: EventType) -> tuple[dict[str, Any] | None, str]:
    """As `example_of`, and why there is none for a type with a schema, if so. Raises UnusableSchema."""
    if event_type.schema is None:
        return None, ""
    schema = payload_schema(event_type)
    made = _value(schema, schema, DEEPEST)
    if not isinstance(made, dict):
        return None, "its schema does not say that a payload is an object"
    try:
        faults = check_of(event_type.schema)(made)
    except Exception as error:  # noqa: BLE001  # a schema may run an author's own code, and an example is not needed
        return None, f"its schema fails on what was made up: {type(error).__name__}"
    if faults:
        return None, f"in what was made up, {faults[0].path} {faults[0].text}"
    return made, ""


def _value(schema: Any, whole: Mapping[str, Any], levels: int) -> Any:
    schema = resolved(schema, whole)
    for choice in ("examples", "enum"):
        if isinstance(schema.get(choice), list) and schema[choice]:
            return schema[choice][0]
    for stated in ("example", "const", "default"):
        if stated in schema:
            return schema[stated]
    for choice in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(choice), list) and schema[choice] and levels:
            return _value(schema[choice][0], whole, levels - 1)
    kinds = types_of(schema) or (["object"] if "properties" in schema else [])
    return _of_type(kinds[0] if kinds else "string", schema, whole, levels)


def _of_type(kind: str, schema: Mapping[str, Any], whole: Mapping[str, Any], levels: int) -> Any:
    match kind:
        case "object":
            required = schema.get("required", ())
            properties = {**{key: {} for key in required}, **schema.get("properties", {})} if levels else {}
            # Far down only what must be there: a schema may refer to itself.
            chosen = properties if levels > FULL else required
            return {key: _value(each, whole, levels - 1) for key, each in properties.items() if key in chosen}
        case "array":
            fewest = max(1, int(schema.get("minItems", 1)))
            return [_value(schema.get("items"), whole, levels - 1)] * fewest if levels else []
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "null":
            return None
    if schema.get("format") == "decimal":
        return str(_number(schema))
    text = _BY_FORMAT.get(str(schema.get("format")), "text")
    return text.ljust(int(schema.get("minLength", 0)), "x")


def _number(schema: Mapping[str, Any]) -> Any:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    return least + 1 if "exclusiveMinimum" in schema else least
