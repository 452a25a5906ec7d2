"""The message that a delivery becomes."""

from __future__ import annotations

import json
from typing import Any

from proton import Message

from pulp_events import Delivery


def encode(delivery: Delivery, to: str | None = None) -> bytes:
    """The delivery as an AMQP 1.0 message (§3.2): the report, byte for byte, in a data section.

    `to`: where it goes, for a link that does not say.
    """
    message: Any = Message(delivery.report)  # proton gives its attributes no hints
    message.inferred = True  # bytes as a data section, not as a value
    message.durable = True
    message.id = delivery.id
    message.subject = delivery.event_type
    message.content_type = "application/json"
    message.creation_time = delivery.event_time.timestamp()
    message.properties = {"event_id": delivery.event_id, "event_type": delivery.event_type}
    if to is not None:
        message.address = to
    task_id = _task_id(delivery.report)
    if task_id is not None:
        message.correlation_id = task_id
    return bytes(message.encode())


def _task_id(report: bytes) -> str | None:
    """`task_id` of the call report, if there is one."""
    if b'"task_id"' not in report:
        return None
    call_report = json.loads(report).get("call_report")
    task_id = call_report.get("task_id") if isinstance(call_report, dict) else None
    return task_id if isinstance(task_id, str) else None
