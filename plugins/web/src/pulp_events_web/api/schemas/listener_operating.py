"""What is done with a listener: bodies and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events_web.api.paging import Cursor
from pulp_events_web.api.schemas.values import Flag, Moment

YEAR = 365 * 86400.0


def _reason() -> fields.String:
    return fields.String(
        load_default=None, allow_none=True, validate=validate.Length(1, 1000),
        metadata={"description": "why, shown with the listener"},
    )  # fmt: skip


class DisableSchema(Schema):
    """How it is disabled."""

    reason = _reason()


class MuteSchema(Schema):
    """For how long, and how."""

    seconds = fields.Float(
        load_default=None, validate=validate.Range(0.001, 100 * YEAR), metadata={"description": "from now; or `until`"}
    )
    until = Moment(load_default=None, metadata={"description": "a moment; or `seconds`"})
    drop = Flag(
        load_default=False, metadata={"description": "what is emitted meanwhile is dead at once, and does not wait"}
    )
    reason = _reason()

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """One of the two."""
        if (data["seconds"] is None) == (data["until"] is None):
            raise ValidationError("Give either seconds or until.", "seconds")


class TrialSchema(Schema):
    """What became of the test event at one target."""

    target = fields.String(required=True)
    event_type = fields.String(required=True)
    outcome = fields.String(required=True)
    detail = fields.String(required=True)
    duration = fields.Float(required=True, metadata={"description": "seconds"})


class TrialsSchema(Schema):
    """Of each target."""

    results = fields.List(fields.Nested(TrialSchema), required=True)


class RotateSchema(Schema):
    """A new secret."""

    secret = fields.String(
        required=True, validate=validate.Length(1, 4096),
        metadata={"description": "the new one; the receiver gets it from you, as no answer has it", "writeOnly": True},
    )  # fmt: skip
    overlap = fields.Float(
        load_default=86400.0, validate=validate.Range(0, YEAR),
        metadata={"description": "seconds for which the old one also signs; 0 retires it at once"},
    )  # fmt: skip


class BackfillSchema(Schema):
    """Which stored events."""

    since = Moment(required=True)
    until = Moment(load_default=None, allow_none=True, metadata={"description": "before this moment; null: now"})
    dry_run = Flag(load_default=False, metadata={"description": "only count"})
    cursor = Cursor(datetime, int, load_default=None, allow_none=True)


class BackfilledSchema(Schema):
    """How far it is."""

    added = fields.Integer(required=True, metadata={"description": "deliveries; of a dry run, that would be"})
    there = fields.Integer(required=True, metadata={"description": "deliveries that there were already"})
    expired = fields.Integer(required=True, metadata={"description": "events passed over, as they are too old"})
    unknown = fields.Integer(  # type: ignore[assignment]  # the field of this name, not the schema's own
        required=True, metadata={"description": "events passed over, as deliveries were deleted"}
    )
    until = Moment(metadata={"description": "before which events were looked at"}, required=True)
    complete = fields.Boolean(required=True, metadata={"description": "false: there is more; see `next`"})
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "to be given as `cursor` of the same request, which then goes on; null: complete"},
    )
