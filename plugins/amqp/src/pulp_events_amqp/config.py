"""Configuration of an amqp listener."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events.fields import Duration
from pulp_events_amqp.exchange import validate_exchange

FORMATS = ("report", "cloudevents", "cloudevents-binary")

_LONGEST_TTL = (2**32 - 1) / 1000
"""Seconds; `ttl` of a message's header is an unsigned 32-bit number of milliseconds (AMQP 1.0 §3.2.1)."""

_LONGEST_PREFIX = 128
"""Bytes; leaves room for the event type in a routing key of AMQP 0-9-1, which has at most 255 (§4.2.5.3) and which a
consumer of that version has to take."""


def _validate_prefix(prefix: str) -> None:
    if not prefix:
        raise ValidationError("Must not be empty; leave it out for the event type alone.")
    if len(prefix.encode("utf-8", "surrogatepass")) > _LONGEST_PREFIX:
        raise ValidationError(f"Must be at most {_LONGEST_PREFIX} bytes long.")
    if not prefix.isprintable() or any(character.isspace() or character in "*#" for character in prefix):
        raise ValidationError("Must not contain spaces, control characters, * or #.")


def _validate_ttl(seconds: float) -> None:
    if seconds > _LONGEST_TTL:
        raise ValidationError("Must be at most 49d.")


_MESSAGE = "Message Arguments"
"""Heading of the options that say what the message is like."""


class AmqpConfig(Schema):
    """Everything else (broker, credentials, default exchange) is in `[messaging]` of server.conf."""

    exchange = fields.String(
        validate=validate_exchange,
        # It is published to with the account of server.conf, so whose exchange it is, is the administrator's business.
        metadata={"help": "optional name of an exchange that overrides the setting from server.conf", "local": True},
    )
    subject_prefix = fields.String(
        validate=_validate_prefix,
        metadata={
            "help": "text before the event type in subject and routing key; Pulp 2 had pulp.server.",
            "group": _MESSAGE,
        },
    )
    ttl = Duration(
        minimum=0.001,
        validate=_validate_ttl,
        metadata={
            "help": "how long a message may wait in a queue of the broker before it is dropped, such as 2h",
            "group": _MESSAGE,
        },
    )
    format = fields.String(
        load_default="report",
        validate=validate.OneOf(FORMATS),
        metadata={"help": "format of the body", "group": _MESSAGE},
    )
