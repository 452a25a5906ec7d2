"""The section [email] of server.conf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events.fields import Duration
from pulp_events_email.addresses import split_sender

SMTP = "smtp"
LMTP = "lmtp"
SENDMAIL = "sendmail"

NONE = "none"
STARTTLS = "starttls"
STARTTLS_IF_OFFERED = "starttls-if-offered"
SMTPS = "smtps"

AUTO = "auto"
PLAIN = "plain"
LOGIN = "login"
CRAM_MD5 = "cram-md5"
XOAUTH2 = "xoauth2"

REPORT = "report"
READABLE = "readable"
FORMATS = (REPORT, READABLE)

DEFAULT_FROM = "no-reply@your.domain"


def _sender(value: str) -> None:
    if value == DEFAULT_FROM:
        return  # so that the defaults can be loaded without the library that checks addresses
    try:
        split_sender(value)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def _host(value: str) -> None:
    if value.startswith("/") and value.isprintable():
        return
    if not value or not value.isprintable() or any(character in value for character in " /@"):
        raise ValidationError(
            "Write a host name or an address, such as mail.example.com; for lmtp also the absolute path of a socket."
        )


def absolute(value: str) -> None:
    """Refuse what is no absolute path. Whether it can be read is seen where it is used: a worker may run elsewhere."""
    if not Path(value).is_absolute() or "\0" in value:
        raise ValidationError("Must be an absolute path, such as /etc/pulp/email.")


class EmailSettings(Schema):
    """Settings for all email listeners."""

    enabled = fields.Boolean(
        load_default=False, metadata={"help": "whether mail is sent; deliveries wait while this is false"}
    )
    host = fields.String(
        load_default="localhost",
        validate=_host,
        metadata={"help": "host of the mail server; with the transport lmtp also the absolute path of its socket"},
    )
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
    format = fields.String(
        load_default=REPORT,
        validate=validate.OneOf(FORMATS),
        metadata={
            "help": "what messages look like, unless a listener says otherwise. report: the report as JSON; "
            "readable: the same in words, as text and HTML, with the report attached"
        },
    )
    transport = fields.String(
        load_default=SMTP,
        validate=validate.OneOf([SMTP, LMTP, SENDMAIL]),
        metadata={"help": "how mail leaves: smtp or lmtp to the mail server, or the program sendmail of this machine"},
    )
    sendmail_path = fields.String(
        load_default="/usr/sbin/sendmail",
        validate=absolute,
        metadata={"help": "the program that takes the messages, for the transport sendmail"},
    )
    username = fields.String(metadata={"help": "user name to log in to the mail server with"})
    password = fields.String(metadata={"help": "password to log in to the mail server with", "secret": True})
    password_file = fields.String(
        validate=absolute,
        metadata={
            "secret": False,
            "help": "absolute path of a file that holds the password or, for xoauth2, the access token; "
            "it is read at each log-in",
        },
    )
    auth = fields.String(
        load_default=AUTO,
        validate=validate.OneOf([AUTO, PLAIN, LOGIN, CRAM_MD5, XOAUTH2]),
        metadata={
            "help": "how to log in; auto: the best of cram-md5, plain and login that the server offers; "
            "xoauth2: the password is an OAuth access token"
        },
    )
    security = fields.String(
        load_default=NONE,
        validate=validate.OneOf([NONE, STARTTLS, STARTTLS_IF_OFFERED, SMTPS]),
        metadata={
            "help": "none; starttls: nothing is sent before the connection is encrypted; "
            "starttls-if-offered: encrypted where the server can, its certificate not verified; "
            "smtps: the connection is encrypted from its first byte"
        },
    )
    ca_path = fields.String(
        validate=absolute,
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
        if partial is True:
            return
        if {"password", "password_file"} <= present:
            raise ValidationError("Give password or password_file, not both.", "password_file")
        has_secret = bool(present & {"password", "password_file"})
        if "username" in present and not has_secret:
            raise ValidationError("Required when there is a username; give both or neither.", "password")
        if has_secret and "username" not in present:
            raise ValidationError("Required when there is a password; give both or neither.", "username")
        if data["auth"] == XOAUTH2 and "username" not in present:
            raise ValidationError("xoauth2 needs a username, and the access token as password.", "auth")

    @validates_schema(skip_on_field_errors=True)
    def _transport_goes_with_the_rest(self, data: dict[str, Any], **_: Any) -> None:
        if data["host"].startswith("/") and data["transport"] != LMTP:
            raise ValidationError("A socket's path is for transport = lmtp; name a host.", "host")
        if data["host"].startswith("/") and data["security"] != NONE:
            raise ValidationError("A socket of this machine is not encrypted; leave security at none.", "security")
        if data["transport"] == SENDMAIL:
            for key in ("username", "security"):
                if data.get(key, NONE) != NONE:
                    raise ValidationError("Not for transport = sendmail, which has settings of its own.", key)
