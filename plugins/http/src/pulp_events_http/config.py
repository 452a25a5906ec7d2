"""What an HTTP listener is configured with."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events.fields import Words
from pulp_events.notifier import Config
from pulp_events_http.headers import name_of, parse_header
from pulp_events_http.signing_keys import GENERATE, GENERATE_ED25519, PRIVATE, SYMMETRIC, generate, key_bytes

FORMATS = ("report", "cloudevents", "cloudevents-binary", "template")

# RFC 9110 §8.3.1, §5.6.4, §5.6.6
_PARAMETER = r" *; *([a-z0-9_-]+)=(\"(?:[ !#-\[\]-~]|\\[ -~])*\"|[^\s\";,]+)"
_MEDIA_TYPE = rf"[!#$&^_.+a-z0-9-]+/[!#$&^_.+a-z0-9-]+((?:{_PARAMETER})*)"


def _check_media_type(text: str) -> None:
    found = re.fullmatch(_MEDIA_TYPE, text, re.IGNORECASE)
    if found is None:
        raise ValueError("must be a media type, such as text/plain; charset=utf-8")
    seen: set[str] = set()
    for name, value in re.findall(_PARAMETER, found[1], re.IGNORECASE):
        name = name.lower()
        if name in seen:
            raise ValueError(f"must not name {name} twice")
        seen.add(name)
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        if name == "charset" and value.lower() not in ("utf-8", "utf8"):
            raise ValueError(f"must not name a charset other than utf-8, in which it is sent, not {value!r}")


def refusing(check: Callable[[str], object]) -> Callable[[str], None]:
    """A validator made of a function that raises ValueError with the rest of a sentence."""

    def validator(value: str) -> None:
        try:
            check(value)
        except ValueError as error:
            text = f"{error}."
            raise ValidationError(text[0].upper() + text[1:]) from None

    return validator


def _url(value: str) -> None:
    from pulp_events_http.url import check_url

    check_url(value)


def _username(value: str) -> None:
    # RFC 7617 §2: the first colon ends the user name; control characters are not allowed.
    if not value or ":" in value or not value.isprintable():
        raise ValidationError("Must not be empty or contain a colon or a control character.")


def _password(value: str) -> None:
    if not value or any(character < " " or character == "\x7f" for character in value):
        raise ValidationError("Must not be empty or contain a control character.")


def _token(value: str) -> None:
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise ValidationError("Must be visible ASCII characters without spaces; give it without the word Bearer.")


def check_path(value: str) -> None:
    """Raise ValidationError unless `value` is an absolute path."""
    # Whether it can be read is seen where it is used: a worker may run elsewhere, and the file may come later.
    if not Path(value).is_absolute() or "\0" in value:
        raise ValidationError("Must be an absolute path, such as /etc/pki/tls/certs/internal-ca.pem.")


def _headers(values: list[str]) -> None:
    seen: set[str] = set()
    for value in values:
        try:
            name = parse_header(value)[0].lower()
        except ValueError:
            continue  # the item's own validator says so
        if name in seen:
            raise ValidationError(f"{name} is there twice.")
        seen.add(name)


class Lines(fields.List[Any]):
    """A list that may be one text with an item in each line, as a file or environment variable holds it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, str):
            value = [line for line in value.splitlines() if line.strip()]
        return super()._deserialize(value, attr, data, **kwargs)


def make_secret(config: Config) -> Config:
    """The configuration with a new secret in place of the word that asks for one. Raises ValidationError."""
    kind = {GENERATE: SYMMETRIC, GENERATE_ED25519: PRIVATE}.get(str(config.get("secret")))
    if kind is None:
        return config
    try:
        return {**config, "secret": generate(kind)}
    except ValueError as error:
        raise ValidationError(f"An ed25519 key {error}.", "secret") from None


_SIGN = f"sign according to Standard Webhooks with this secret, {SYMMETRIC}… or (ed25519) {PRIVATE}…"

PLAIN = {"local": False, "template": False}
"""Metadata of a field whose values are sent as they are, whatever they look like."""


class HttpConfig(Schema):
    """Configuration of one listener."""

    url = fields.String(
        required=True,
        validate=refusing(_url),
        metadata={
            "help": "http or https URL that event reports are posted to",
            "example": "https://ci.example/hook",
        },
    )
    username = fields.String(validate=_username, metadata={"help": "user name for basic authentication", **PLAIN})
    password = fields.String(
        validate=_password, metadata={"help": "password for basic authentication", "secret": True, **PLAIN}
    )
    ca_path = fields.String(
        validate=check_path,
        metadata={
            "help": "absolute path of a file or directory of CA certificates to trust, "
            "instead of those trusted by default",
            "names_file": True,
            "local": True,
        },
    )
    token = fields.String(
        validate=_token, metadata={"help": "token for bearer authentication", "secret": True, **PLAIN}
    )
    header = Lines(
        fields.String(validate=refusing(parse_header)),
        validate=_headers,
        metadata={
            "help": "additional headers, as 'Name: value'",
            "cli_help": "additional header, as 'Name: value'; may be repeated; a file has one per line",
            "secret": True,
            "public_part": name_of,
            **PLAIN,
        },
    )
    cert = fields.String(
        validate=check_path,
        metadata={
            "help": "absolute path of a client certificate in PEM form, for servers that ask for one",
            "names_file": True,
            "local": True,
        },
    )
    key = fields.String(
        validate=check_path,
        metadata={
            "help": "absolute path of the certificate's key, unless it is in the same file",
            "names_file": True,
            "local": True,
        },
    )
    insecure = fields.Boolean(
        metadata={
            "help": "do not verify the server's certificate: anyone on the network path can read or alter requests"
        }
    )
    secret = fields.String(
        validate=refusing(key_bytes),
        metadata={
            "help": _SIGN,
            "cli_help": f"{_SIGN}; {GENERATE} or {GENERATE_ED25519} generates one, see show-secret",
            "secret": True,
            "generates": (GENERATE, GENERATE_ED25519),
        },
    )
    previous_secret = fields.String(
        validate=refusing(key_bytes),
        metadata={
            "help": "also sign with this secret; set when the secret is rotated",
            "cli_help": "also sign with this secret; set by rotate-secret",
            "secret": True,
        },
    )
    previous_secret_until = fields.AwareDateTime(
        format="iso",
        default_timezone=UTC,
        metadata={
            "help": "when the previous secret expires, such as 2026-01-31T12:00:00Z; set when the secret is rotated",
            "cli_help": "when previous_secret expires, such as 2026-01-31T12:00:00Z; set by rotate-secret",
            "secret": False,
        },
    )
    format = fields.String(
        load_default="report",
        validate=validate.OneOf(FORMATS),
        metadata={"help": "format of the body"},
    )
    body_template = fields.String(
        metadata={"help": "jinja2 template of the body, for the format template", "read_file": True, "template": "text"}
    )
    content_type = fields.String(
        validate=refusing(_check_media_type),
        metadata={"help": "Content-Type of the template's output; default: application/json"},
    )
    permanent = Words(
        fields.Integer(strict=False, validate=validate.Range(300, 599)),
        metadata={
            "help": "status codes after which a delivery is not retried; default: 410",
            "cli_help": "status codes after which a delivery is not retried, separated by commas; default: 410",
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def _belongs_together(self, data: dict[str, Any], partial: Any = None, **_: Any) -> None:
        if partial is True:
            return
        # A secret that is a reference is absent here; its name is then in `partial`.
        present = set(data) | (set(partial) if isinstance(partial, tuple | list | set | frozenset) else set())
        for one, other in (("username", "password"), ("password", "username")):
            if one in present and other not in present:
                raise ValidationError(f"Required when there is a {one}; give both or neither.", other)
        if "token" in present and "username" in present:
            raise ValidationError("Give a token or a user name and password, not both.", "token")
        names = {parse_header(text)[0].lower() for text in data.get("header", ())}
        if "authorization" in names and present & {"token", "username"}:
            raise ValidationError(
                "Contains Authorization, which the user name or token sets; give only one of them.", "header"
            )
        for one, other in (
            ("key", "cert"),
            ("previous_secret", "secret"),
            ("previous_secret_until", "previous_secret"),
        ):
            if one in present and other not in present:
                raise ValidationError(f"Required when there is a {one}.", other)
        self._template_goes_with_its_format(data)

    @staticmethod
    def _template_goes_with_its_format(data: dict[str, Any]) -> None:
        if data.get("format") != "template":
            for key in ("body_template", "content_type"):
                if key in data:
                    raise ValidationError("Only for the format template; set --format template, or remove this.", key)
            return
        if "body_template" not in data:
            raise ValidationError("Required for the format template.", "body_template")
