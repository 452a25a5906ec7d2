"""What is asked about a listener: queries, bodies and answers."""

from __future__ import annotations

from datetime import datetime

from marshmallow import Schema, fields, validate

from pulp_events_web.api.paging import paged
from pulp_events_web.api.schemas.listeners import ListenerPatchSchema
from pulp_events_web.api.schemas.values import Flag, JsonObject, Moment, Page, Scope, Text


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

    time = Moment(metadata={"description": "of the change"}, required=True)
    by = fields.String(required=True)
    action = fields.String(required=True)
    listener_id = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    differences = fields.List(fields.Nested(DifferenceSchema), required=True)


class HistorySchema(Page):
    """A page of the history."""

    items = fields.List(fields.Nested(ChangeSchema), required=True)


class HistoryQuery(paged(datetime, int)):  # type: ignore[misc]
    """Which changes."""


class ExplainSchema(Schema):
    """An event that there may be."""

    event_type = Text(255, required=True)
    payload = JsonObject(load_default=dict)
    call_report = JsonObject(load_default=dict)
    scope = Scope(load_default=None, allow_none=True)


class ListenerExplanationSchema(Schema):
    """Whether the listener would get it."""

    listener_id = fields.String(required=True)
    gets = fields.String(required=True, validate=validate.OneOf(["yes", "later", "no"]))
    cause = fields.String(required=True, metadata={"description": "what decides"})
    reason = fields.String(required=True, metadata={"description": "the same in words"})


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
    time = Moment(metadata={"description": "of the event"}, required=True)
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

    since = Moment(metadata={"description": "from which on events were looked at"}, required=True)
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
