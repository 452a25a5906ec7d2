"""`read_amqp`: the messages of the AMQP notifier, in the formats `report`, `cloudevents` and `cloudevents-binary`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pulp_events_receiver.reading import (
    REPORT,
    STRUCTURED,
    TRACE,
    cloud_event,
    json_of,
    media_type,
    read,
    structured,
    time_of,
)
from pulp_events_receiver.received import Received
from pulp_events_receiver.rejected import Rejected

_PREFIXES = ("cloudEvents_", "cloudEvents:")
"""AMQP protocol binding 1.0 §3.1.3.1: either may be used."""


def read_amqp(
    body: bytes | bytearray | memoryview | str,
    *,
    message_id: str | None,
    content_type: str | None,
    properties: Mapping[str, Any] | None,
    creation_time: float | None = None,
) -> Received:
    """The event in a message, of AMQP 1.0 or as a broker gives it to a client of AMQP 0-9-1.

    `properties`: the application properties (`properties` of a proton Message, `headers` of 0-9-1). `creation_time`:
    seconds since the epoch, as proton gives it. Messages are not signed: who may send them is the broker's to decide.
    Raises Rejected.
    """
    if not isinstance(message_id, str):
        raise Rejected("a message without the message-id of pulp-events")
    told = {name: value for name, value in (properties or {}).items() if isinstance(name, str)}
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
    event_time = None if creation_time is None else _from_seconds(creation_time)
    attributes: dict[str, str] = {name: told[name] for name in TRACE if isinstance(told.get(name), str)}
    match media_type(content_type):
        case kind if kind == STRUCTURED:
            attributes, report = structured(content)
            event_time = time_of(attributes.get("time"), "the time of the CloudEvent") or event_time
        case kind if kind == REPORT:
            report = json_of(content)
            of_event = _of_event(told)
            if "specversion" in of_event:
                attributes |= cloud_event(of_event)
                event_time = _time(of_event.get("time")) or event_time
        case _:
            raise Rejected(f"the content type is neither {REPORT} nor {STRUCTURED}", 415)
    return read(
        str(message_id),
        report,
        attributes,
        told_event_id=told.get("event_id"),
        told_event_type=told.get("event_type"),
        time=event_time,
    )


def _of_event(told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): value
        for name, value in told.items()
        for prefix in _PREFIXES
        if name.startswith(prefix)
    }


def _time(value: Any) -> datetime | None:
    """Of AMQP's own type: milliseconds to proton, a time to clients of 0-9-1; or text (binding §2.2)."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_seconds(value / 1000)
    return time_of(value, "cloudEvents_time") if isinstance(value, str) else None


def _from_seconds(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise Rejected("the time of the message is none that there is") from None
