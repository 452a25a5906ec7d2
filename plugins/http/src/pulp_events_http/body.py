"""The body of a request in the formats that a listener may ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from pulp_events import Delivery, PermanentFailure, TransientFailure
from pulp_events.events.cloud_events import attributes
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


class _CloudEvent:
    """CloudEvents 1.0 by the SDK; its attributes are those in the README."""

    def __init__(self) -> None:
        from cloudevents.core.bindings import http
        from cloudevents.core.v1.event import CloudEvent

        self._http = http
        self._event = CloudEvent


class StructuredCloudEvent(_CloudEvent):
    """The whole event in the body (HTTP protocol binding 1.0 §3.2)."""

    content_type = "application/cloudevents+json"

    def __call__(self, delivery: Delivery) -> Made:
        report = json.loads(delivery.report)
        event = self._event(attributes(delivery, report["payload"]), report)
        return self._http.to_structured_event(event).body, {}


class BinaryCloudEvent(_CloudEvent):
    """The report in the body, byte for byte, and the attributes in headers (HTTP protocol binding 1.0 §3.1)."""

    content_type = JSON

    def __call__(self, delivery: Delivery) -> Made:
        event = self._event(attributes(delivery, json.loads(delivery.report)["payload"]), delivery.report)
        message = self._http.to_binary_event(event)
        return message.body, {name: value for name, value in message.headers.items() if name != "content-type"}


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
