"""What reports and CloudEvents have in common, whatever transport they came by."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from pulp_events_receiver.received import Received
from pulp_events_receiver.rejected import Rejected

REPORT = "application/json"
STRUCTURED = "application/cloudevents+json"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:@+=-]{0,199}\.[0-9]{1,10}")
_MOST_OF_A_TYPE = 255
TRACE = ("traceparent", "tracestate")


def media_type(content_type: str | None) -> str:
    """Without parameters, in lower case."""
    return (content_type or "").partition(";")[0].strip().lower()


def json_of(body: bytes) -> Any:
    """Raises Rejected unless it is JSON (RFC 8259) in UTF-8."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except RecursionError:
        raise Rejected("the body is JSON that is nested too deep") from None
    except ValueError:  # not UTF-8, not JSON, or a number with thousands of digits
        raise Rejected("the body is not JSON in UTF-8") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def read(
    delivery_id: str,
    report: Any,
    attributes: Mapping[str, str],
    *,
    told_event_id: str | None = None,
    told_event_type: str | None = None,
    time: datetime | None = None,
) -> Received:
    """The event in a report.

    `attributes`: of the CloudEvent, without its data; empty, or with a trace alone, where there is only a report.
    `told_…`: what the transport says beside it. Raises Rejected where two of them disagree: what is signed is the
    delivery id and the body, so nothing else may say that it is another event.
    """
    if not _ID.fullmatch(delivery_id):
        raise Rejected("the delivery id is not one of pulp-events")
    if not isinstance(report, dict) or not {"call_report", "event_type", "payload"} <= report.keys():
        raise Rejected("not a report: an object with call_report, event_type and payload is expected")
    event_id, event_type = delivery_id.rpartition(".")[0], report["event_type"]
    if not isinstance(event_type, str) or not 0 < len(event_type) <= _MOST_OF_A_TYPE or not event_type.isprintable():
        raise Rejected("the event_type of the report is not the name of an event type")
    for what, told, actual in (
        ("event id", told_event_id, event_id),
        ("id of the CloudEvent", attributes.get("id"), event_id),
        ("event type", told_event_type, event_type),
        ("type of the CloudEvent", attributes.get("type"), event_type),
    ):
        if told is not None and told != actual:
            raise Rejected(f"the {what} is not that of the delivery")
    trace = {name: attributes[name] for name in TRACE if name in attributes}
    payload, call_report, source = report["payload"], report["call_report"], attributes.get("source")
    return Received(delivery_id, event_id, event_type, payload, call_report, time, source, trace)


def cloud_event(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The attributes, if they are those of a CloudEvent 1.x (§3.1). Raises Rejected if not."""
    for name in ("id", "source", "specversion", "type"):
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise Rejected(f"a CloudEvent without {name}")
    if not re.fullmatch(r"1\.[0-9]+", attributes["specversion"]):
        raise Rejected("a CloudEvent of another version than 1")
    return {name: value for name, value in attributes.items() if isinstance(value, str)}


def structured(body: bytes) -> tuple[dict[str, str], Any]:
    """Attributes and data of a CloudEvent that is whole in the body (JSON event format 1.0 §3)."""
    found = json_of(body)
    if not isinstance(found, dict):
        raise Rejected("not a CloudEvent: an object is expected")
    return cloud_event({name: value for name, value in found.items() if name != "data"}), found.get("data")


def time_of(text: str | None, where: str) -> datetime | None:
    """RFC 3339. Raises Rejected, with `where`, for what is no time, or has no offset."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Rejected(f"{where} is not a time by RFC 3339")
    return found
