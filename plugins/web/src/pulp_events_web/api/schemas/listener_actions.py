"""What is done with a listener: bodies and answers."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events_web.api.schemas.listener_fields import Flag, Moment, PageArguments, moment
from pulp_events_web.api.schemas.listeners import ListenerPatchSchema

REASON = {"validate": validate.Length(1, 1000), "load_default": None, "allow_none": True}
YEAR = 365 * 86400.0


class DisableSchema(Schema):
    """How it is disabled."""

    reason = fields.String(metadata={"description": "why, shown with the listener"}, **REASON)


class MuteSchema(Schema):
    """For how long, and how."""

    seconds = fields.Float(
        load_default=None, validate=validate.Range(0.001, 100 * YEAR), metadata={"description": "from now; or `until`"}
    )
    until = Moment(load_default=None, metadata={"description": "a moment; or `seconds`"})
    drop = Flag(
        load_default=False, metadata={"description": "what is emitted meanwhile is dead at once, and does not wait"}
    )
    reason = fields.String(metadata={"description": "why, shown with the listener"}, **REASON)

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


class DifferenceSchema(Schema):
    """One value that became another."""

    key = fields.String(required=True, metadata={"description": "attribute, or notifier_config.KEY"})
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)
    hidden = fields.Boolean(
        required=True, metadata={"description": "both are masked: that they differ is all that is said"}
    )


class ChangeSchema(Schema):
    """One change of a listener."""

    time = moment("of the change", required=True)
    by = fields.String(required=True)
    action = fields.String(required=True)
    listener_id = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    differences = fields.List(fields.Nested(DifferenceSchema), required=True)


class HistorySchema(Schema):
    """A page of the history."""

    items = fields.List(fields.Nested(ChangeSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class HistoryArguments(PageArguments):
    """Which changes."""


class ExplainSchema(Schema):
    """An event that there may be."""

    event_type = fields.String(required=True, validate=validate.Length(1, 255))
    payload = fields.Dict(keys=fields.String(), load_default=dict)
    call_report = fields.Dict(keys=fields.String(), load_default=dict)
    scope = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 200))


class ListenerExplanationSchema(Schema):
    """Whether the listener would get it."""

    listener_id = fields.String(required=True)
    gets = fields.String(required=True, validate=validate.OneOf(["yes", "later", "no"]))
    cause = fields.String(required=True, metadata={"description": "what decides"})
    reason = fields.String(required=True, metadata={"description": "the same in words"})


class BackfillSchema(Schema):
    """Which stored events."""

    since = Moment(required=True)
    until = Moment(load_default=None, allow_none=True, metadata={"description": "before this moment; null: now"})
    dry_run = Flag(load_default=False, metadata={"description": "only count"})


class BackfilledSchema(Schema):
    """How far it is."""

    added = fields.Integer(required=True, metadata={"description": "deliveries; of a dry run, that would be"})
    there = fields.Integer(required=True, metadata={"description": "deliveries that there were already"})
    expired = fields.Integer(required=True, metadata={"description": "events passed over, as they are too old"})
    unknown = fields.Integer(required=True, metadata={"description": "events passed over, as deliveries were deleted"})
    until = moment("give it back to go on", required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "false: there is more; the same request, with `until`, goes on"}
    )


class BacktestSchema(ListenerPatchSchema):
    """What the listener would be changed to; nothing: as it is."""

    since = Moment(load_default=None, allow_none=True, metadata={"description": "null: a day before `until`"})
    until = Moment(load_default=None, allow_none=True, metadata={"description": "null: now"})
    sample = fields.Integer(
        strict=True, load_default=10, validate=validate.Range(0, 100),
        metadata={"description": "events of each verdict, and messages, at most"},
    )  # fmt: skip
    previews = Flag(load_default=False, metadata={"description": "render messages"})


class TestedSchema(Schema):
    """One event that would be sent, or was."""

    __test__ = False  # for pytest

    event_id = fields.String(required=True)
    event_type = fields.String(required=True)
    time = moment("of the event", required=True)
    verdict = fields.String(required=True)
    would = fields.List(fields.String(), required=True)
    sent = fields.List(fields.String(), required=True)
    states = fields.List(fields.String(), required=True)


class PreviewSchema(Schema):
    """A message that would be sent."""

    target = fields.String(required=True)
    event_ids = fields.List(fields.String(), required=True)
    text = fields.String(required=True, allow_none=True, metadata={"description": "null: the report as it is"})
    failed = fields.Boolean(required=True, metadata={"description": "true: `text` says why it cannot be rendered"})


class BacktestedSchema(Schema):
    """Which stored events it would be sent, beside its deliveries."""

    since = moment("from which on events were looked at", required=True)
    complete = fields.Boolean(
        required=True, metadata={"description": "false: there were too many; the newest were looked at"}
    )
    looked_at = fields.Integer(required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    erased = fields.Integer(required=True)
    scope_unknown = fields.Integer(required=True)
    other_scopes = fields.Integer(required=True)
    older = fields.Integer(required=True)
    messages = fields.Integer(required=True)
    failing = fields.Integer(required=True)
    tested = fields.List(fields.Nested(TestedSchema), required=True)
    previews = fields.List(fields.Nested(PreviewSchema), required=True)
