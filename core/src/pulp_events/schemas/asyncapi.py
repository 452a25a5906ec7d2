"""Event types as an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any

from pulp_events.events.event_type import EventType
from pulp_events.schemas.fault import UnusableSchema
from pulp_events.schemas.json_schema import moved, payload_schemas

VERSION = "3.0.0"
DRAFT_2020_12 = "application/schema+json;version=draft-2020-12"
_LATER = frozenset(
    [
        "$defs",
        "$anchor",
        "$dynamicRef",
        "$dynamicAnchor",
        "$vocabulary",
        "prefixItems",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedItems",
        "unevaluatedProperties",
        "minContains",
        "maxContains",
        "contentSchema",
    ]
)
"""Keywords that came after draft 7, of which AsyncAPI's own schema language is a superset."""


def document(
    event_types: Iterable[EventType], title: str, unusable: Callable[[UnusableSchema], None] | None = None
) -> dict[str, Any]:
    """A channel, a message and an operation `send` for each event type.

    A message's payload is the report. The channel's address is the name of the type, which is what AMQP messages have
    as their subject. A type whose schema cannot be used is there as if it had none, and `unusable` is called with what
    is wrong with it; by default that is logged.
    """
    channels, operations, messages = {}, {}, {}
    schemas: dict[str, Any] = {}
    for each, schema in payload_schemas(event_types, unusable):
        name = each.name
        channels[name] = {
            "address": name,
            "title": name,
            "description": each.description,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        operations[f"send.{name}"] = {
            "action": "send",
            "summary": each.description,
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        }
        messages[name] = {
            "name": name,
            "title": name,
            "summary": each.description,
            "contentType": "application/json",
            **({"description": f"Version {each.version} of the payload's schema."} if each.version else {}),
            "payload": _report(each, schema, schemas),
        }
    return {
        "asyncapi": VERSION,
        "info": {
            "title": title,
            "version": version("pulp-events"),
            "description": "Reports of events, as listeners get them unless a template words them.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _report(event_type: EventType, schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of its report. That of its payload is put among `schemas`, unless it needs a language of its own."""
    later = _is_later(schema)
    if later:
        payload = moved(schema, f"#/components/messages/{event_type.name}/payload/schema/properties/payload")
    else:
        place = f"#/components/schemas/{event_type.name}"
        schemas[event_type.name] = moved(schema, place)
        payload = {"$ref": place}
    report = {
        "type": "object",
        "required": ["call_report", "event_type", "payload"],
        "properties": {
            "call_report": {"type": "object", "description": "the application's report of the call that led to it"},
            "event_type": {"type": "string", "const": event_type.name},
            "payload": payload,
        },
    }
    return {"schemaFormat": DRAFT_2020_12, "schema": report} if later else report


def _is_later(node: Any) -> bool:
    if isinstance(node, Mapping):
        return any(key in _LATER or _is_later(value) for key, value in node.items())
    return isinstance(node, list) and any(map(_is_later, node))
