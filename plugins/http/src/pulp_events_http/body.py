"""The body of a request in the formats that a listener may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from pulp_events import Delivery, PermanentFailure, TransientFailure
from pulp_events.events import cloud_events
from pulp_events.notifier import Config
from pulp_events.templates import Template, TemplateError

JSON = "application/json"

Made = tuple[bytes, Mapping[str, str]]
"""A body, and the headers that go with this one."""


class BodyMaker(Protocol):
    """Makes the body for a delivery."""

    content_type: str

    def __call__(self, delivery: Delivery) -> Made:
        """Body and headers. Raises PermanentFailure if there can be none."""


def body_maker(config: Config) -> BodyMaker:
    """The one for the listener's `format`."""
    match config.get("format", "report"):
        case "cloudevents":
            return StructuredCloudEvent()
        case "cloudevents-binary":
            return BinaryCloudEvent()
        case "template":
            return TemplateBody(config["body_template"], config.get("content_type", JSON))
    return ReportBody()


class ReportBody:
    """The report, byte for byte as it was stored at emit."""

    content_type = JSON

    def __call__(self, delivery: Delivery) -> Made:
        return delivery.report, {}


class StructuredCloudEvent:
    """The whole CloudEvent in the body (HTTP protocol binding 1.0 §3.2); its attributes are those in the README."""

    content_type = cloud_events.STRUCTURED

    def __call__(self, delivery: Delivery) -> Made:
        return cloud_events.structured(delivery), {}


class BinaryCloudEvent:
    """The report in the body, byte for byte, and the attributes in headers (HTTP protocol binding 1.0 §3.1)."""

    content_type = JSON

    def __call__(self, delivery: Delivery) -> Made:
        return delivery.report, cloud_events.headers(delivery)


class TemplateBody:
    """Text by the administrator's template."""

    def __init__(self, source: str, content_type: str) -> None:
        self.content_type = content_type
        try:
            self._template = _compiled(source)
        except TemplateError as error:  # an administrator can fix it
            raise TransientFailure(str(error)) from None

    def __call__(self, delivery: Delivery) -> Made:
        try:
            return self._template.render(delivery.event, delivery_id=delivery.id).encode(), {}
        except (TemplateError, UnicodeEncodeError) as error:
            text = (
                str(error)
                if isinstance(error, TemplateError)
                else "body_template: it produces text that is not Unicode"
            )
            raise PermanentFailure(text) from None


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    """Compiling takes far longer than the rest of opening a channel, and many listeners may have one template."""
    return Template(source, name="body_template")
