"""Deliveries and attempts."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from pulp_events.bus.wait_cause import WaitCause
from pulp_events.outbox.states import Outcome, State
from pulp_events_web.api.paging import paged
from pulp_events_web.api.schemas.values import TRACE, Flag, LookedBackTo, Moment, Page, Text


class WaitingSchema(Schema):
    """What a pending delivery waits for."""

    cause = fields.String(required=True, validate=validate.OneOf([str(each) for each in WaitCause]))
    reason = fields.String(required=True)
    until = Moment(
        required=True, allow_none=True, metadata={"description": "no attempt before this; null: see at_once"}
    )
    at_once = fields.Boolean(required=True, metadata={"description": "whether it may be attempted at any moment"})
    behind = fields.String(required=True, allow_none=True, metadata={"description": "delivery that comes first"})


class DeliverySchema(Schema):
    """One event for one target of one listener."""

    id = fields.String(required=True)
    event_id = fields.String(required=True)
    event_type = fields.String(required=True)
    event_time = Moment(required=True)
    listener_id = fields.String(required=True)
    target = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([str(each) for each in State]))
    attempts = fields.Integer(required=True, metadata={"description": "started so far"})
    detail = fields.String(required=True, metadata={"description": "of the last attempt, or why it ended"})
    finished = Moment(required=True, allow_none=True)
    expires = Moment(required=True, allow_none=True)
    repeat_of = fields.String(required=True, allow_none=True)
    trace_id = fields.String(required=True, allow_none=True, metadata={"description": TRACE})
    waiting_for = fields.Nested(WaitingSchema, required=True, allow_none=True)


class AttemptSchema(Schema):
    """One try of a delivery."""

    number = fields.Integer(required=True)
    started = Moment(required=True)
    duration = fields.Float(required=True, metadata={"description": "seconds"})
    outcome = fields.String(required=True, validate=validate.OneOf([str(each) for each in Outcome]))
    detail = fields.String(required=True)
    retry_at = Moment(required=True, allow_none=True)


class DeliveryInFullSchema(DeliverySchema):
    """A delivery with its attempts."""

    attempt_list = fields.List(fields.Nested(AttemptSchema), required=True)


class DeliveriesSchema(Page):
    """A page of deliveries, newest first."""

    looked_back_to = LookedBackTo()
    items = fields.List(fields.Nested(DeliverySchema), required=True)


class LastingFilterSchema(Schema):
    """Which deliveries, by what may be asked of them at any time; what is left out stands for any."""

    state = fields.String(validate=validate.OneOf([str(each) for each in State]))
    listener = Text(metadata={"description": "id or name of a listener"})
    event_type = Text(metadata={"description": "a name, or a pattern as listeners have them"})
    event_id = Text()
    notifier_type = Text()
    error = Text(1000, metadata={"description": "text in `detail`, in capitals or not"})


class FilterSchema(LastingFilterSchema):
    """Which deliveries; what is left out stands for any."""

    since = Moment(metadata={"description": "events of this moment and later"})
    until = Moment(metadata={"description": "events before this moment"})


class DeliveriesQuery(FilterSchema, paged(str, int)):  # type: ignore[misc]
    """Query of the list."""


class RetrySchema(FilterSchema):
    """Which deliveries to attempt again."""

    state = fields.String(
        load_default=str(State.DEAD),
        validate=validate.OneOf([str(each) for each in State]),
        metadata={"description": "dead: pending again; pending: due now; delivered: sent once more, as a repeat"},
    )
    all = Flag(load_default=False, metadata={"description": "needed where there is no filter beside state"})
    again = Flag(load_default=False, metadata={"description": "also repeat what is a repeat itself"})
    dry_run = Flag(load_default=False, metadata={"description": "only count"})


class RetriedSchema(Schema):
    """What a retry did."""

    count = fields.Integer(required=True, metadata={"description": "deliveries that are attempted again, or would be"})
    more = fields.Boolean(
        required=True, metadata={"description": "there are more than one request may take: make it again"}
    )
    dry_run = fields.Boolean(required=True)
