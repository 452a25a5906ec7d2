"""`read_http`: the requests of the HTTP notifier, in the formats `report`, `cloudevents` and `cloudevents-binary`."""

from __future__ import annotations

from urllib.parse import unquote

from pulp_events_receiver.headers import Headers, by_name
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
from pulp_events_receiver.signatures import Verifier


def read_http(headers: Headers, body: bytes, verifier: Verifier | None) -> Received:
    """The event in a request.

    `body`: as it came, byte for byte. `verifier`: of the listener's secret; None if its requests are not signed, so
    that anybody who reaches the receiver can send it events. Raises Rejected, whose `status` is what to answer.
    """
    fields = by_name(headers)
    delivery_id = fields.get("pulp-delivery-id")
    if verifier is not None:
        signed_id = verifier.verify(fields, body)
        if delivery_id not in (None, signed_id):
            raise Rejected("Pulp-Delivery-Id is not the webhook-id that is signed", 401)
        delivery_id = signed_id
    if delivery_id is None:
        raise Rejected("the header Pulp-Delivery-Id is missing")
    event_time = time_of(fields.get("pulp-event-time"), "Pulp-Event-Time")
    attributes: dict[str, str] = {name: fields[name] for name in TRACE if name in fields}
    match media_type(fields.get("content-type")):
        case kind if kind == STRUCTURED:
            attributes, report = structured(body)
            event_time = time_of(attributes.get("time"), "the time of the CloudEvent") or event_time
        case kind if kind == REPORT:
            report = json_of(body)
            if "ce-specversion" in fields:  # HTTP protocol binding 1.0 §3.1.3
                of_event = {name[3:]: unquote(value) for name, value in fields.items() if name.startswith("ce-")}
                attributes |= cloud_event(of_event)
                event_time = time_of(attributes.get("time"), "ce-time") or event_time
        case _:
            raise Rejected(f"the content type is neither {REPORT} nor {STRUCTURED}", 415)
    return read(
        delivery_id,
        report,
        attributes,
        told_event_id=fields.get("pulp-event-id"),
        told_event_type=fields.get("pulp-event-type"),
        time=event_time,
    )
