"""Health and releases."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from pulp_events_web.api.schemas.values import Moment


class WorkerSchema(Schema):
    """A process at work on the store."""

    host = fields.String(required=True)
    pid = fields.Integer(required=True)
    kind = fields.String(required=True)
    delivers = fields.Boolean(required=True)
    started = Moment(required=True)
    last_seen = Moment(required=True)
    gone = fields.Boolean(required=True, metadata={"description": "killed, or silent for long"})
    version = fields.String(required=True)
    in_flight = fields.Integer(required=True)


class HealthSchema(Schema):
    """Whether events are delivered. Who gives no token gets `status` alone."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(["ok", "failing"]),
        metadata={"description": "failing: the store cannot be used, or what is overdue has nobody to deliver it"},
    )
    store = fields.Boolean(metadata={"description": "whether it can be read and written"})
    reason = fields.String()
    degraded = fields.Boolean(metadata={"description": "it works, and something does not go well"})
    troubles = fields.List(fields.String(), metadata={"description": "what is wrong, and what to do"})
    workers = fields.List(fields.Nested(WorkerSchema))
    workers_alive = fields.Integer()
    workers_dead = fields.Integer()
    pending = fields.Integer()
    oldest_pending = Moment(allow_none=True)


class VersionSchema(Schema):
    """Releases."""

    pulp_events = fields.String(required=True)
    pulp_events_web = fields.String(required=True)
