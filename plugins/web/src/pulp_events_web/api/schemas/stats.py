"""Counts."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from pulp_events.outbox.activity import By
from pulp_events_web.api.schemas.values import Moment, Text


class StatsQuery(Schema):
    """What is counted."""

    since = Moment(metadata={"description": "what happened from then on, too: see `activity`"})
    until = Moment(metadata={"description": "with `since`; default: now"})
    by = fields.String(load_default=str(By.LISTENER), validate=validate.OneOf([str(each) for each in By]))
    listener = Text(metadata={"description": "id or name; deliveries to this one alone"})


class CountsSchema(Schema):
    """Deliveries by state."""

    pending = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    dead = fields.Integer(required=True)


class DroppedSchema(Schema):
    """Events that were not stored as the store was full."""

    event_type = fields.String(required=True)
    count = fields.Integer(required=True)
    first = Moment(required=True)
    last = Moment(required=True)


class PointSchema(Schema):
    """What happened in one piece of time."""

    start = Moment(required=True)
    delivered = fields.Integer(required=True)
    failed = fields.Integer(required=True)


class SecondsSchema(Schema):
    """Quantiles, in seconds; null: nothing was measured."""

    median = fields.Float(required=True, allow_none=True)
    p95 = fields.Float(required=True, allow_none=True)
    p99 = fields.Float(required=True, allow_none=True)


class ActivitySchema(Schema):
    """What happened to some deliveries."""

    attempts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    delivered = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    dead = fields.Integer(required=True)
    discarded = fields.Integer(required=True)
    pending = fields.Integer(required=True)
    under_way = fields.Integer(required=True)
    oldest_pending = Moment(required=True, allow_none=True)
    attempt_seconds = fields.Nested(SecondsSchema, required=True)
    delay_seconds = fields.Nested(SecondsSchema, required=True)
    series = fields.List(fields.Nested(PointSchema), required=True)


class ActivitiesSchema(Schema):
    """What happened in a span of time."""

    since = Moment(required=True)
    until = Moment(required=True)
    step = fields.Float(required=True, metadata={"description": "seconds of a piece of `series`"})
    by = fields.String(required=True)
    total = fields.Nested(ActivitySchema, required=True)
    groups = fields.Dict(keys=fields.String(), values=fields.Nested(ActivitySchema), required=True)


class StatsSchema(Schema):
    """Counts of what is stored."""

    totals = fields.Nested(CountsSchema, required=True)
    by_listener = fields.Dict(keys=fields.String(), values=fields.Nested(CountsSchema), required=True)
    oldest_pending = Moment(required=True, allow_none=True)
    events = fields.Integer(required=True)
    events_alone = fields.Integer(required=True, metadata={"description": "those without any delivery"})
    oldest_event = Moment(required=True, allow_none=True)
    dropped = fields.List(fields.Nested(DroppedSchema), required=True)
    activity = fields.Nested(ActivitiesSchema, required=True, allow_none=True)
