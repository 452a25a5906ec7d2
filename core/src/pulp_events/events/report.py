"""The event report: the JSON body that leaves."""

from __future__ import annotations

import json
from typing import Any

from pulp_events.errors import EventTooLarge
from pulp_events.events.event import Event

# One encoder, made once: json.dumps with these arguments would make one for each call.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False).encode


def serialise(event: Event, max_bytes: int) -> bytes:
    """The report as UTF-8 JSON with exactly the keys call_report, event_type and payload.

    Raises EventTooLarge if it has more than `max_bytes` bytes.
    """
    report: dict[str, Any] = {
        "call_report": event.call_report,
        "event_type": event.event_type,
        "payload": event.payload,
    }
    body = _encode(report).encode()
    if len(body) > max_bytes:
        raise EventTooLarge(
            f"the report of {event.event_type} has {len(body)} bytes, over [events] max_event_bytes = {max_bytes}; "
            "put less into the payload, or raise the setting"
        )
    return body
