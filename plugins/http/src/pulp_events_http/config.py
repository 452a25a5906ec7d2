"""What an HTTP listener is configured with, and what the section [http] of server.conf sets for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from pulp_events.fields import Duration
from pulp_events_http.url import check_url


def _url(value: str) -> None:
    try:
        check_url(value)
    except ValueError as error:
        raise ValidationError(f"{error}.".capitalize()) from None


def _username(value: str) -> None:
    # RFC 7617 §2: the first colon ends the user name; control characters are not allowed.
    if not value or ":" in value or not value.isprintable():
        raise ValidationError("Must not be empty, nor have a colon or a control character in it.")


def _password(value: str) -> None:
    if not value or any(character < " " or character == "\x7f" for character in value):
        raise ValidationError("Must not be empty, nor have a control character in it.")


def _ca_path(value: str) -> None:
    # Whether it can be read is seen where it is used: a worker may run elsewhere, and the file may come later.
    if not Path(value).is_absolute() or "\0" in value:
        raise ValidationError("Must be an absolute path, such as /etc/pki/tls/certs/internal-ca.pem.")


class HttpConfig(Schema):
    """Configuration of one listener."""

    url = fields.String(
        required=True, validate=_url, metadata={"help": "http or https URL that event reports are posted to"}
    )
    username = fields.String(validate=_username, metadata={"help": "user name for basic authentication"})
    password = fields.String(validate=_password, metadata={"help": "password for basic authentication", "secret": True})
    ca_path = fields.String(
        validate=_ca_path,
        metadata={
            "help": "absolute path of a file or directory of CA certificates to trust, "
            "in place of those that are trusted by default"
        },
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


class HttpSettings(Schema):
    """Section [http] of server.conf."""

    timeout = Duration(
        load_default=15.0,
        minimum=0.1,
        metadata={"help": "time limit of a whole request: connecting, sending, and reading the answer to its end"},
    )
