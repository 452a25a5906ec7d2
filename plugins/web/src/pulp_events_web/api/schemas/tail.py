"""The stream of changes."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from pulp_events.outbox.states import State
from pulp_events_web.api.schemas.values import Text


class TailQuery(Schema):
    """What is streamed."""

    state = fields.String(validate=validate.OneOf([str(each) for each in State]))
    listener = Text(metadata={"description": "id or name of a listener"})
    event_type = Text(metadata={"description": "a name, or a pattern as listeners have them"})
    event_id = Text()
    notifier_type = Text()
    error = Text(1000, metadata={"description": "text in `detail`, in capitals or not"})
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
