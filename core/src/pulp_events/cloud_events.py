"""The CloudEvents 1.0 attributes of an event, for the notifiers that offer that format. Needs no SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulp_events.outbox.delivery import Delivery
from pulp_events.uri_reference import as_uri_reference


def attributes(delivery: Delivery, payload: Any) -> dict[str, Any]:
    """What goes with the report, which is the data (CloudEvents 1.0 §3): the same in every transport.

    `id` is the event's, not the delivery's; `source` is the delivery's as a URI-reference; `time` is a datetime;
    `subject`, if there is one, the payload's `repo_id`.
    """
    found = {
        "specversion": "1.0",
        "id": delivery.event_id,
        "source": as_uri_reference(delivery.source),
        "type": delivery.event_type,
        "time": delivery.event_time,
        "datacontenttype": "application/json",
    }
    subject = payload.get("repo_id") if isinstance(payload, Mapping) else None
    if isinstance(subject, str) and subject:
        found["subject"] = subject
    return found
