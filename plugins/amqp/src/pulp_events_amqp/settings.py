"""Section `[messaging]` of server.conf: the keys of Pulp 2, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events.fields import Duration
from pulp_events_amqp.exchange import validate_exchange


def _names_a_user(url: str) -> bool:
    from pulp_events_amqp.address import parse_urls

    return any(address.username for address in parse_urls(url))


def _validate_url(text: str) -> None:
    from pulp_events_amqp.address import parse_urls

    try:
        parse_urls(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


class MessagingSettings(Schema):
    """The broker that amqp listeners publish to. Empty text stands for "not set"."""

    url = fields.String(
        load_default="amqp://localhost:5672",
        validate=_validate_url,
        metadata={
            "help": "broker: amqp://, amqps:// (TLS), Pulp 2's tcp:// and ssl://, or HOST:PORT; may contain a user "
            "name, password and, as its path, a virtual host; several, separated by commas, back each other up"
        },
    )
    topic_exchange = fields.String(
        load_default="amq.topic",
        validate=validate_exchange,
        metadata={
            "help": "exchange for listeners that name none; created as a durable topic exchange if it does not exist"
        },
    )
    username = fields.String(load_default="", metadata={"help": "user name, unless it is in the URL"})
    password = fields.String(
        load_default="", metadata={"help": "password of that user, unless it is in the URL", "secret": True}
    )
    timeout = Duration(
        load_default=10.0,
        minimum=0.1,
        metadata={
            "help": "time limit for connecting to one broker, for reconnecting after a connection is lost, and "
            "for the broker's answer to a message"
        },
    )
    heartbeat = Duration(
        load_default=30.0,
        minimum=1.0,
        metadata={"help": "a broker that has been silent for this long is considered dead"},
    )
    cacert = fields.String(
        load_default="",
        metadata={
            "help": "PEM file with the CAs to check the broker's certificate against (TLS; default: the system's)",
            "names_file": True,
        },
    )
    clientcert = fields.String(
        load_default="",
        metadata={
            "help": "PEM file with our certificate, and with its key unless clientkey is set (TLS)",
            "names_file": True,
        },
    )
    clientkey = fields.String(
        load_default="", metadata={"help": "PEM file with the key of clientcert", "names_file": True}
    )
    allow_insecure_plain = fields.Boolean(
        load_default=False,
        metadata={"help": "send user name and password without TLS to a broker on another machine"},
    )
    transport = fields.String(
        load_default="qpid",
        validate=validate.OneOf(["qpid", "rabbitmq"], error="Must be one of: {choices}; it has no effect here."),
        metadata={"help": "from Pulp 2, no effect: the type of broker is detected"},
    )
    auth_enabled = fields.Boolean(
        load_default=True, metadata={"help": "from Pulp 2 (signing of agent messages), no effect"}
    )
    event_notifications_enabled = fields.Boolean(
        load_default=False, metadata={"help": "from Pulp 2 (notices about its database records), no effect"}
    )
    event_notification_url = fields.String(
        load_default="qpid://localhost:5672/",
        metadata={"help": "from Pulp 2 (notices about its database records), no effect"},
    )

    @validates_schema
    def _credentials_are_whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("clientkey") and not data.get("clientcert"):
            raise ValidationError("Has no effect without clientcert; set that too.", "clientkey")
        if data.get("password") and not data.get("username") and not _names_a_user(data["url"]):
            raise ValidationError("Has no effect without username; set that too.", "password")
