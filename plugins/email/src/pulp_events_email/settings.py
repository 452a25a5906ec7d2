"""The section [email] of server.conf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events.fields import Duration
from pulp_events_email.addresses import split_sender

DISABLED = "email is disabled; set `enabled = true` in the section [email]"

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


def _is_host_name(text: str) -> bool:
    """True for what a look-up takes; it raises UnicodeError for empty labels, and those over 63 octets."""
    if not text.isprintable() or any(character in text for character in " /@[]"):
        return False
    if text.isascii():
        return all(1 <= len(label) <= 63 for label in text.removesuffix(".").split("."))
    return bool(text.encode("idna"))


class Host(fields.String):
    """A host name, an address, or the absolute path of a socket; in the form that can be looked up."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if text.startswith("/") and text.isprintable():
            return text
        bare = text
        if text.startswith("[") and text.endswith("]"):  # as in URLs, and as mail addresses have it (RFC 5321 §4.1.3)
            bare = text[1:-1]
            if bare.lower().startswith("ipv6:"):
                bare = bare[5:]
        try:
            if bare != text or ":" in bare:
                import ipaddress

                ipaddress.ip_address(bare)
            elif not _is_host_name(bare):
                raise ValueError("it cannot be looked up")
        except ValueError:
            raise ValidationError(
                f"{text[:100]!r} is not a host name or an address. Write mail.example.com, 192.0.2.1 or [2001:db8::1], "
                "and the port in `port`; for lmtp also the absolute path of a socket."
            ) from None
        return bare


def absolute(value: str) -> None:
    """Refuse what is no absolute path. Whether it can be read is seen where it is used: a worker may run elsewhere."""
    if not Path(value).is_absolute() or "\0" in value:
        raise ValidationError("Must be an absolute path, such as /etc/pulp/email.")


class EmailSettings(Schema):
    """Settings for all email listeners."""

    enabled = fields.Boolean(
        load_default=False, metadata={"help": "whether mail is sent; deliveries wait while this is false"}
    )
    host = Host(
        load_default="localhost",
        metadata={"help": "host of the mail server; for the transport lmtp, it may be the absolute path of its socket"},
    )
    port = fields.Integer(
        load_default=25,
        validate=validate.Range(1, 65535),
        metadata={"help": "port of the mail server, usually 25, 587 with starttls or 465 with smtps"},
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
            "help": "format of messages, unless a listener sets another. report: the report as JSON; "
            "readable: the same in words, as text and HTML, with the report attached"
        },
    )
    transport = fields.String(
        load_default=SMTP,
        validate=validate.OneOf([SMTP, LMTP, SENDMAIL]),
        metadata={
            "help": "how mail is sent: by smtp or lmtp to the mail server, or with this machine's sendmail program"
        },
    )
    sendmail_path = fields.String(
        load_default="/usr/sbin/sendmail",
        validate=absolute,
        metadata={"help": "program that accepts the messages, for the transport sendmail", "path": True},
    )
    username = fields.String(metadata={"help": "user name to log in to the mail server with"})
    password = fields.String(metadata={"help": "password to log in to the mail server with", "secret": True})
    password_file = fields.String(
        validate=absolute,
        metadata={
            "secret": False,
            "names_file": True,
            "help": "absolute path of a file that contains the password or, for xoauth2, the access "
            "token; it is read at each login",
        },
    )
    auth = fields.String(
        load_default=AUTO,
        validate=validate.OneOf([AUTO, PLAIN, LOGIN, CRAM_MD5, XOAUTH2]),
        metadata={
            "help": "how to log in; auto: with TLS, plain, login and cram-md5 in turn until one works; without TLS, "
            "only one of them, preferably cram-md5, which does not reveal the password; xoauth2: the password is an "
            "OAuth "
            "access token"
        },
    )
    security = fields.String(
        load_default=NONE,
        validate=validate.OneOf([NONE, STARTTLS, STARTTLS_IF_OFFERED, SMTPS]),
        metadata={
            "help": "none; starttls: nothing is sent before the connection is encrypted; "
            "starttls-if-offered: encrypted if that works, without verifying the certificate; otherwise "
            "unencrypted, but then no "
            "password is sent; smtps: the connection is encrypted from its first byte"
        },
    )
    ca_path = fields.String(
        validate=absolute,
        metadata={
            "names_file": True,
            "help": "absolute path of a file or directory of CA certificates to trust for the mail server, "
            "instead of the system's",
        },
    )
    timeout = Duration(
        load_default=30.0,
        minimum=0.1,
        metadata={
            "help": "time limit for connecting, logging in and sending together; for the answer to a complete "
            "message, which may take a server long, it is always 10 minutes"
        },
    )
    messages_per_connection = fields.Integer(
        load_default=10,
        validate=validate.Range(1, 1000),
        metadata={
            "help": "maximum number of messages per connection; some servers, such as Exim, only queue those after "
            "the tenth"
        },
    )
    local_hostname = fields.String(
        validate=validate.Regexp(r"[\x21-\x7e]+\Z", error="Must be a host name without spaces."),
        metadata={"help": "name to greet the mail server with; default: the address that the connection comes from"},
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
                    raise ValidationError("Not for transport = sendmail, which has its own settings.", key)
