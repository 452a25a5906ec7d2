"""Configuration of an amqp listener."""

from __future__ import annotations

from marshmallow import Schema, fields

from pulp_events_amqp.exchange import validate_exchange


class AmqpConfig(Schema):
    """Everything else (broker, credentials, default exchange) is in `[messaging]` of server.conf."""

    exchange = fields.String(
        validate=validate_exchange,
        metadata={"help": "optional name of an exchange that overrides the setting from server.conf"},
    )
