"""What an Apprise listener is configured with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from pulp_events_apprise.urls import scheme, split


class Urls(fields.List[Any]):
    """Service URLs: a list, or one text with commas, spaces or line ends between them, as a secret file has them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields.String(validate=_check_each), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list | tuple) or not all(isinstance(text, str) for text in given):
            raise self.make_error("invalid")
        urls = list(dict.fromkeys(url for text in given for url in split(text)))
        if not urls:
            raise ValidationError("Give at least one URL.")
        _check(urls)
        return urls


def _check_each(text: str) -> None:
    """What stands beside a reference is checked alone."""
    _check(split(text) or [text])


def _check(urls: list[str]) -> None:
    from pulp_events_apprise.services import UnusableUrl, service_of

    wrong = []
    for number, url in enumerate(urls, 1):
        which = "The URL" if len(urls) == 1 else f"URL number {number}"
        if not scheme(url):
            wrong.append(f"{which} is not a URL; write for example ntfy://ntfy.sh/topic.")
            continue
        try:
            service_of(url)
        except UnusableUrl as error:
            wrong.append(f"{which} {error}.")
    if wrong:
        raise ValidationError(wrong)


def _template(name: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        from pulp_events.templates import Template, TemplateError

        try:
            Template(value, name=name)
        except TemplateError as error:
            raise ValidationError(f"Not a template: {error}.") from None

    return check


class AppriseConfig(Schema):
    """Configuration of one listener."""

    url = Urls(
        required=True,
        metadata={
            "help": "URLs of services as Apprise writes them, such as slack://… or ntfy://…",
            "cli_help": "URL of a service as Apprise writes it, such as slack://… or ntfy://…; may be repeated",
            "secret": True,
        },
    )
    title = fields.String(
        validate=_template("title"),
        metadata={
            "help": "template of the message title; default: the event type and the repository id",
            "template": "text",
        },
    )
    body = fields.String(
        validate=_template("body"),
        metadata={"help": "template of the message; default: the payload, one line per value", "template": "text"},
    )
    format = fields.String(
        load_default="text",
        validate=validate.OneOf(["text", "markdown", "html"]),
        metadata={"help": "format of the body; Apprise converts it to what a service accepts"},
    )
