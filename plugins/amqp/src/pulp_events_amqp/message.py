"""The message that a delivery becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from proton import Message, timestamp

from pulp_events import Delivery
from pulp_events.events.cloud_events import attributes

JSON = "application/json"


class MessageMaker:
    """Makes the messages of a listener, as its configuration says."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._prefix: str = config.get("subject_prefix", "")
        self._ttl: float = config.get("ttl", 0.0)
        self._fill = FILLS[config.get("format", "report")]()

    def subject(self, delivery: Delivery) -> str:
        """Subject and routing key."""
        return f"{self._prefix}{delivery.event_type}"

    def __call__(self, delivery: Delivery, to: str | None = None) -> bytes:
        """The delivery as an encoded AMQP 1.0 message (§3.2). `to`: where it goes, for a link that does not say."""
        message: Any = Message()  # proton gives its attributes no hints
        message.inferred = True  # bytes as a data section, not as a value
        message.durable = True
        message.id = delivery.id
        message.subject = self.subject(delivery)
        message.creation_time = delivery.event_time.timestamp()
        message.properties = {"event_id": delivery.event_id, "event_type": delivery.event_type}
        if self._ttl:
            message.ttl = self._ttl
        if to is not None:
            message.address = to
        task_id = _task_id(delivery.report)
        if task_id is not None:
            message.correlation_id = task_id
        self._fill(message, delivery)
        return bytes(message.encode())


class Fill(Protocol):
    """Gives a message its body, content type, and the properties that go with them."""

    def __call__(self, message: Any, delivery: Delivery) -> None:
        """`message`: a proton Message."""


class ReportBody(Fill):
    """The report, byte for byte as it was stored at emit."""

    def __call__(self, message: Any, delivery: Delivery) -> None:
        message.body, message.content_type = delivery.report, JSON


class _CloudEvent(Fill):
    """CloudEvents 1.0 by the SDK, which is imported when a listener has that format."""

    def __init__(self) -> None:
        from cloudevents.core.bindings import amqp
        from cloudevents.core.v1.event import CloudEvent

        self._amqp = amqp
        self._event = CloudEvent


class StructuredCloudEvent(_CloudEvent):
    """The whole event in the body (AMQP protocol binding 1.0 §3.2)."""

    def __call__(self, message: Any, delivery: Delivery) -> None:
        report = json.loads(delivery.report)
        made = self._amqp.to_structured_event(self._event(attributes(delivery, report["payload"]), report))
        message.body, message.content_type = made.application_data, made.properties["content-type"]


class BinaryCloudEvent(_CloudEvent):
    """The report in the body, byte for byte, the attributes in application properties (binding 1.0 §3.1)."""

    def __call__(self, message: Any, delivery: Delivery) -> None:
        payload = json.loads(delivery.report)["payload"]
        made = self._amqp.to_binary_event(self._event(attributes(delivery, payload), delivery.report))
        message.body, message.content_type = made.application_data, made.properties["content-type"]
        for name, value in made.application_properties.items():
            # The SDK gives a time as milliseconds; on the wire it is AMQP's own type (binding §2.2).
            message.properties[name] = timestamp(value) if name == "cloudEvents_time" else value


FILLS: dict[str, type[ReportBody] | type[_CloudEvent]] = {
    "report": ReportBody,
    "cloudevents": StructuredCloudEvent,
    "cloudevents-binary": BinaryCloudEvent,
}
"""By a listener's `format`."""


def _task_id(report: bytes) -> str | None:
    """`task_id` of the call report, if there is one."""
    if b'"task_id"' not in report:
        return None
    call_report = json.loads(report).get("call_report")
    task_id = call_report.get("task_id") if isinstance(call_report, dict) else None
    return task_id if isinstance(task_id, str) else None
