"""A listener: as it is answered, made and changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events.errors import EventsError
from pulp_events.listeners.listener import ATTRIBUTES, OPTIONS
from pulp_events_web.api.paging import paged
from pulp_events_web.api.schemas.values import Flag, Moment, Object, Page, Text
from pulp_events_web.context import context

SETTABLE = ("name", "description", "labels", "filter", "retry_schedule", "lanes", "timeout", "rate", "expires")
"""Attributes that `bus.listeners.create` and `update` take."""


def _checked(check: Callable[..., Any], *given: Any) -> None:
    try:
        check(*given)
    except EventsError as error:
        raise ValidationError(str(error)) from None


def _option(name: str) -> dict[str, Any]:
    """What a field of this attribute is made with: checked by core, described by core; null is the default."""
    return {
        "allow_none": True,
        "validate": lambda value: None if value is None else _checked(OPTIONS[name].kind.given, name, value),
        "metadata": {"description": ATTRIBUTES[name].meaning},
    }


def _pattern(text: str) -> None:
    _checked(context().bus.event_types.check_pattern, text)


class _Writable(Schema):
    name = fields.String(**_option("name"))
    description = fields.String(**_option("description"))
    labels = Object(keys=fields.String(), values=fields.String(), **_option("labels"))
    notifier_config = Object(
        keys=fields.String(),
        metadata={
            "description": "By the schema of the notifier type. Secrets are taken, and never answered: see `secrets`."
        },
    )
    event_types = fields.List(
        fields.String(validate=[validate.Length(max=255), _pattern]), validate=validate.Length(1, 100),
        metadata={"description": "names or patterns of event types, such as repo.sync.*"},
    )  # fmt: skip
    filter = fields.String(**_option("filter"))
    enabled = Flag(metadata={"description": "whether anything is delivered"})
    retry_schedule = fields.List(fields.Float(), **_option("retry_schedule"))
    lanes = fields.Integer(strict=True, **_option("lanes"))
    timeout = fields.Float(**_option("timeout"))
    rate = fields.String(**_option("rate"))
    expires = fields.Float(**_option("expires"))


class NewListenerSchema(_Writable):
    """A listener that is to be made."""

    notifier_type_id = fields.String(
        required=True, validate=validate.Length(1, 100), metadata={"description": "one of notifier-types/"}
    )
    notifier_config = Object(
        keys=fields.String(), required=True, metadata=_Writable().fields["notifier_config"].metadata
    )
    event_types = fields.List(
        fields.String(validate=[validate.Length(max=255), _pattern]), required=True, validate=validate.Length(1, 100),
        metadata=_Writable().fields["event_types"].metadata,
    )  # fmt: skip


class ListenerPatchSchema(_Writable):
    """What is to be changed. What is not named stays, keys of `notifier_config` too; null removes one."""


class SecretSchema(Schema):
    """All that is said of a secret."""

    name = fields.String(required=True, metadata={"description": "its key in notifier_config"})
    is_set = fields.Boolean(required=True)


class AuthorSchema(Schema):
    """Who made a listener."""

    name = fields.String(required=True)
    trusted = fields.Boolean(
        required=True, metadata={"description": "false: the listener is held to [untrusted] of server.conf"}
    )


class ListenerHealthSchema(Schema):
    """How its deliveries went lately."""

    last_success = Moment(metadata={"description": "of an attempt"}, allow_none=True)
    last_failure = Moment(metadata={"description": "of an attempt"}, allow_none=True)
    failing_since = Moment(metadata={"description": "first failure since the last success"}, allow_none=True)
    failures = fields.Integer(metadata={"description": "since the last success"})
    detail = fields.String(metadata={"description": "of the last attempt"})


class ListenerSchema(Schema):
    """A listener: which events are sent where."""

    id = fields.String(required=True, metadata={"description": "24 hex digits"})
    name = fields.String(required=True, allow_none=True)
    description = fields.String(required=True, allow_none=True)
    labels = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    notifier_type_id = fields.String(required=True)
    notifier_config = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "without secrets; one inside of a value is masked"},
    )
    secrets = fields.List(fields.Nested(SecretSchema), required=True)
    event_types = fields.List(fields.String(), required=True)
    filter = fields.String(required=True, allow_none=True)
    enabled = fields.Boolean(required=True)
    disabled_reason = fields.String(required=True, allow_none=True)
    retry_schedule = fields.List(fields.Float(), required=True, allow_none=True, metadata={"description": "seconds"})
    lanes = fields.Integer(required=True, allow_none=True)
    timeout = fields.Float(required=True, allow_none=True, metadata={"description": "seconds"})
    rate = fields.String(required=True, allow_none=True)
    expires = fields.Float(required=True, allow_none=True, metadata={"description": "seconds"})
    muted_until = Moment(
        metadata={"description": "end of its mute; null: it is not muted"}, required=True, allow_none=True
    )
    mute_reason = fields.String(required=True, allow_none=True)
    mute_drops = fields.Boolean(required=True)
    muted_by = fields.String(required=True, allow_none=True)
    author = fields.Nested(
        AuthorSchema, required=True, allow_none=True, metadata={"description": "null: an administrator of the machine"}
    )
    created = Moment(metadata={"description": "when it was made"}, required=True)
    updated = Moment(metadata={"description": "when it was last changed"}, required=True)
    health = fields.Nested(
        ListenerHealthSchema,
        required=True,
        allow_none=True,
        metadata={"description": "null: nothing was attempted yet"},
    )


class ListenerPageSchema(Page):
    """A page of listeners."""

    items = fields.List(fields.Nested(ListenerSchema), required=True)


class ListenersQuery(paged(datetime, str)):  # type: ignore[misc]
    """Which listeners."""

    q = Text(metadata={"description": "part of name, description, id, configuration, label or event type, in any case"})
    label = fields.List(
        Text(300), validate=validate.Length(max=32),
        metadata={"description": "KEY=VALUE, or KEY for any value; of several all must fit"},
    )  # fmt: skip
    notifier_type_id = Text()
    event_type = Text(metadata={"description": "those that listen to this type, or have this pattern"})
    enabled = Flag()
    muted = Flag()
    author = Text(metadata={"description": "name of who made it"})
