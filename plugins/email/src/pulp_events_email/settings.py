"""The section [email] of server.conf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events.fields import Duration
from pulp_events_email.addresses import split_sender

NONE = "none"
STARTTLS = "starttls"
SMTPS = "smtps"


def _sender(value: str) -> None:
    if value == DEFAULT_FROM:
        return  # so that the defaults can be loaded without the library that checks addresses
    try:
        split_sender(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def _host(value: str) -> None:
    if not value or not value.isprintable() or any(character in value for character in " /@"):
        raise ValidationError("Write a host name or an address, such as mail.example.com.")


def _absolute(value: str) -> None:
    if not Path(value).is_absolute() or "\0" in value:
        raise ValidationError("Must be an absolute path, such as /etc/pki/tls/certs/internal-ca.pem.")


DEFAULT_FROM = "no-reply@your.domain"


class EmailSettings(Schema):
    """Settings for all email listeners."""

    enabled = fields.Boolean(
        load_default=False, metadata={"help": "whether mail is sent; deliveries wait while this is false"}
    )
    host = fields.String(load_default="localhost", validate=_host, metadata={"help": "host of the mail server"})
    port = fields.Integer(
        load_default=25,
        validate=validate.Range(1, 65535),
        metadata={"help": "port of the mail server; usual are 25, 587 with starttls and 465 with smtps"},
    )
    from_ = fields.String(
        data_key="from",
        load_default=DEFAULT_FROM,
        validate=_sender,
        metadata={"help": "sender of the messages, as an address or as: Name <address>"},
    )
    username = fields.String(metadata={"help": "user name to log in to the mail server with"})
    password = fields.String(metadata={"help": "password to log in to the mail server with", "secret": True})
    security = fields.String(
        load_default=NONE,
        validate=validate.OneOf([NONE, STARTTLS, SMTPS]),
        metadata={
            "help": "none; starttls: nothing is sent before the connection is encrypted; "
            "smtps: the connection is encrypted from its first byte"
        },
    )
    ca_path = fields.String(
        validate=_absolute,
        metadata={
            "help": "absolute path of a file or directory of CA certificates to trust for the mail server, "
            "in place of the system's"
        },
    )
    timeout = Duration(
        load_default=30.0,
        minimum=0.1,
        metadata={"help": "time limit of a whole delivery: connecting, logging in, sending, and the server's answers"},
    )
    local_hostname = fields.String(
        validate=validate.Regexp(r"[\x21-\x7e]+\Z", error="Must be a host name without spaces."),
        metadata={"help": "name to greet the mail server with; by default the address that the connection comes from"},
    )

    @validates_schema(skip_on_field_errors=True)
    def _credentials_go_together(self, data: dict[str, Any], partial: Any = None, **_: Any) -> None:
        # A secret that is a reference is absent here; its name is then in `partial`.
        present = set(data) | (set(partial) if isinstance(partial, tuple | list | set | frozenset) else set())
        if partial is True or ("username" in present) == ("password" in present):
            return
        missing = "password" if "username" in present else "username"
        other = "username" if missing == "password" else "password"
        raise ValidationError(f"Required when there is a {other}; give both or neither.", missing)
