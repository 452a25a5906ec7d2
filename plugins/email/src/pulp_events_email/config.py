"""What an email listener is configured with."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from pulp_events.fields import Duration, Words
from pulp_events_email.addresses import normalise
from pulp_events_email.settings import FORMATS, REPORT, absolute

MARK = "{{"
"""What makes a subject a template; one without it is used verbatim."""

_MESSAGE = "Message Arguments"
"""Section of help texts and manual pages for the options that the user guide does not have."""

LONGEST_WINDOW = 7 * 86400.0
"""Seconds."""


class Address(fields.String):
    """A mail address, in the form in which it is stored."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            return normalise(text)
        except ValueError as error:
            raise ValidationError(f"{text[:100]!r} is not a mail address: {error}") from None


class Addresses(Words):
    """A list of mail addresses without repetitions; the first of equal ones stays."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Address(), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


class Unsubscribe(fields.String):
    """What List-Unsubscribe names; a mail address becomes a mailto: URL. What cannot be used, `unsubscribe` refuses."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        from urllib.parse import quote

        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            return text if ":" in text else f"mailto:{quote(normalise(text), safe='@+')}"
        except ValueError:
            return text


def _subject(value: str) -> None:
    # RFC 5322 §2.2: a header field is one line; whoever could put in a second one could put in a header.
    import unicodedata

    if not value.strip() or any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in value):
        raise ValidationError("Must not be empty or contain a line break or another control character.")
    longest = 1000 if MARK in value else 255
    if len(value) > longest:
        raise ValidationError(f"Must be at most {longest} characters long, not {len(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValidationError("Must be Unicode text; it contains half of a surrogate pair.") from None


def _at_least_one(value: list[str]) -> None:
    if not value:
        raise ValidationError("Give at least one address.")


class EmailConfig(Schema):
    """Configuration of one listener."""

    subject = fields.String(
        required=True,
        validate=_subject,
        metadata={
            "help": "text of the email's subject",
            "template": "text",
            "local": False,
            "example": "pulp notification",
        },
    )
    addresses = Addresses(
        required=True,
        validate=_at_least_one,
        metadata={
            "help": "email addresses that should receive these notifications",
            "cli_help": "this is a comma separated list of email addresses that should receive these notifications. "
            "Do not include spaces.",
            "example": "admin@pulp.example,ops@pulp.example",
        },
    )
    format = fields.String(
        validate=validate.OneOf(FORMATS),
        metadata={
            "help": "report: the report as JSON; readable: the same in words, as text and HTML, with the report "
            "attached; default: as set in server.conf",
            "group": _MESSAGE,
        },
    )
    template = fields.String(
        validate=absolute,
        metadata={
            "help": "absolute path of a directory with message.txt, message.html or both: jinja2 templates that "
            "replace the text and HTML of the readable format",
            "template": "files",
            "local": True,
            "group": _MESSAGE,
        },
    )

    digest = Duration(
        minimum=1.0,
        validate=validate.Range(max=LONGEST_WINDOW, error="Must be at most 7d."),
        metadata={
            "help": "send one message for all events within this time, such as 15m, instead of one per event",
            "group": _MESSAGE,
        },
    )

    unsubscribe = Unsubscribe(
        metadata={
            "help": "address, or https: or mailto: URL, for recipients to unsubscribe; mail programs show it as a "
            "button",
            "group": _MESSAGE,
        },
    )

    @validates_schema(skip_on_field_errors=True)
    def _template_is_readable(self, data: dict[str, Any], **_: Any) -> None:
        if "template" in data and data.get("format") == REPORT:
            raise ValidationError(
                "The report format has no template; leave it out, or set format to readable.", "template"
            )
