"""Events, and why each went where."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from pulp_events_web.api.paging import paged
from pulp_events_web.api.schemas.values import TRACE, JsonObject, LookedBackTo, Moment, Page, Scope, Text

MOST = 200
"""Deliveries that an explanation names."""


class ReportSchema(Schema):
    """The body that leaves."""

    call_report = JsonObject(required=True)
    event_type = fields.String(required=True)
    payload = JsonObject(required=True)


class EmittedSchema(Schema):
    """An event that was emitted."""

    id = fields.String(required=True)
    event_type = fields.String(required=True)
    time = Moment(required=True)
    source = fields.String(required=True)
    trace_id = fields.String(required=True, allow_none=True, metadata={"description": TRACE})
    report = fields.Nested(ReportSchema, required=True)


class EventSchema(Schema):
    """A stored event."""

    id = fields.String(required=True)
    event_type = fields.String(required=True)
    time = Moment(required=True)
    source = fields.String(required=True)
    scope = fields.String(required=True, allow_none=True)
    trace_id = fields.String(required=True, allow_none=True, metadata={"description": TRACE})
    deliveries = fields.Integer(required=True, metadata={"description": "how many of them are still stored"})
    erased = Moment(required=True, allow_none=True)


class EventInFullSchema(EventSchema):
    """A stored event with its report."""

    report = fields.Nested(ReportSchema, required=True)


class EventsSchema(Page):
    """A page of events, newest first."""

    looked_back_to = LookedBackTo()
    items = fields.List(fields.Nested(EventSchema), required=True)


class EventsQuery(paged(int)):  # type: ignore[misc]
    """Query of the list."""

    event_type = Text(metadata={"description": "a name, or a pattern as listeners have them"})
    since = Moment(metadata={"description": "events of this moment and later"})
    until = Moment(metadata={"description": "events before this moment"})
    error = Text(1000, metadata={"description": "text in the `detail` of one of their deliveries"})
    scope = Text()
    id_prefix = Text(metadata={"description": "beginning of their ids"})


class EmitSchema(Schema):
    """An event to emit."""

    event_type = Text(required=True)
    payload = JsonObject(load_default=dict)
    call_report = JsonObject(load_default=dict)
    scope = Scope(metadata={"description": "whose event it is; listeners with a scope get only events that have it"})
    expires = fields.Float(
        validate=validate.Range(0, 10 * 365 * 86400, min_inclusive=False),
        metadata={"description": "seconds from now after which no attempt begins"},
    )


class EmitHeaders(Schema):
    """Headers of an emit."""

    idempotency_key = fields.String(
        data_key="Idempotency-Key",
        validate=validate.Length(1, 257),
        metadata={
            "description": "chosen by the client, another for each event: the same request with the same key emits "
            "nothing more, and has the same answer (draft-ietf-httpapi-idempotency-key-header)"
        },
    )
    traceparent = fields.String(
        metadata={
            "description": "the trace in which the event is emitted, which is stored with it and leaves with it (W3C "
            "Trace Context); one that is not valid is ignored"
        }
    )
    tracestate = fields.String(metadata={"description": "what tracing systems add to it, ignored without it"})


class EventExplanationSchema(Schema):
    """Why an event went to one listener or not."""

    listener_id = fields.String(required=True)
    listener_name = fields.String(required=True, allow_none=True)
    gets = fields.String(required=True, metadata={"description": "yes, later, no or unknown, as it was then"})
    cause = fields.String(required=True)
    reason = fields.String(required=True)
    doubt = fields.String(required=True)
    deliveries = fields.List(
        fields.String(), required=True,
        metadata={"description": f"the first {MOST}; `GET /events/ID/deliveries` has all of the event"},
    )  # fmt: skip
    delivery_count = fields.Integer(required=True)
    changed_since = fields.Integer(required=True, metadata={"description": "changes of the listener since"})


class ExplanationsSchema(Page):
    """For each listener that there was; those that have deliveries come first."""

    items = fields.List(fields.Nested(EventExplanationSchema), required=True)
