"""The message that a delivery becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from proton import Message, timestamp

from pulp_events import Delivery
from pulp_events.events import cloud_events

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
        message.properties = {
            "event_id": delivery.event_id,
            "event_type": delivery.event_type,
            **delivery.trace_context,
        }
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


class StructuredCloudEvent(Fill):
    """The whole CloudEvent in the body (AMQP protocol binding 1.0 §3.2)."""

    def __call__(self, message: Any, delivery: Delivery) -> None:
        message.body, message.content_type = cloud_events.structured(delivery), cloud_events.STRUCTURED


class BinaryCloudEvent(Fill):
    """The report in the body, byte for byte, the attributes in application properties (binding 1.0 §3.1)."""

    def __call__(self, message: Any, delivery: Delivery) -> None:
        found = cloud_events.attributes(delivery, json.loads(delivery.report)["payload"])
        message.body, message.content_type = delivery.report, found.pop("datacontenttype")
        for name, value in found.items():
            # A time is of AMQP's own type, milliseconds (binding §2.2).
            own = timestamp(int(value.timestamp() * 1000)) if name == "time" else value
            message.properties[f"cloudEvents_{name}"] = own


FILLS: dict[str, type[Fill]] = {
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
