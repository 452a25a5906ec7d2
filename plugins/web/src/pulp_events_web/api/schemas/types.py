"""Event types, notifier types, plugins."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from pulp_events_web.api.schemas.values import JsonObject


class EventTypeSchema(Schema):
    """A name and what it announces."""

    name = fields.String(required=True)
    description = fields.String(required=True)
    version = fields.String(required=True)
    own = fields.Boolean(required=True, metadata={"description": "whether it is what the event system says of itself"})
    payload = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class EventTypeInFullSchema(EventTypeSchema):
    """With its schema and an example."""

    schema = JsonObject(required=True, allow_none=True, metadata={"description": "JSON Schema of the payload"})
    example = JsonObject(required=True, allow_none=True)
    fault = fields.String(required=True, metadata={"description": "why there is no schema or no example"})


class EventTypesSchema(Schema):
    """All of them."""

    items = fields.List(fields.Nested(EventTypeSchema), required=True)


class NotifierTypeSchema(Schema):
    """A way to deliver."""

    id = fields.String(required=True)
    plugin = fields.String(required=True)
    distribution = fields.String(required=True)
    version = fields.String(required=True)


class NotifierTypeInFullSchema(NotifierTypeSchema):
    """With the schema of a listener's configuration."""

    config_schema = JsonObject(
        required=True, allow_none=True, metadata={"description": "JSON Schema (draft 2020-12) of notifier_config"}
    )
    fault = fields.String(required=True, metadata={"description": "why there is no schema"})


class NotifierTypesSchema(Schema):
    """All that work."""

    items = fields.List(fields.Nested(NotifierTypeSchema), required=True)


class PluginSchema(Schema):
    """An installed plugin."""

    name = fields.String(required=True)
    distribution = fields.String(required=True)
    version = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["loaded", "blocked", "failed"]))
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "why it does not work; null: only an admin is told"}
    )
    notifier_types = fields.List(fields.String(), required=True)
    event_types = fields.List(fields.String(), required=True)
    deprecations = fields.List(fields.String(), required=True)


class PluginsSchema(Schema):
    """All, those that do not work too."""

    items = fields.List(fields.Nested(PluginSchema), required=True)
