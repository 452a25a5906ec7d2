"""The stream of changes."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from pulp_events_web.api.schemas.deliveries import LastingFilterSchema


class TailQuery(LastingFilterSchema):
    """What is streamed."""

    last = fields.Integer(
        load_default=10,
        validate=validate.Range(0, 200),
        metadata={"description": "number of recent deliveries to start with"},
    )


class TailHeaders(Schema):
    """Where it goes on."""

    last_event_id = fields.String(
        data_key="Last-Event-ID",
        validate=validate.Length(max=100),
        metadata={"description": "`id` of the last message that was seen: the stream goes on after it"},
    )
