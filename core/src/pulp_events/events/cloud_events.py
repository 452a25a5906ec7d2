"""CloudEvents 1.0 made of an event, for the notifiers that offer that format.

Not by the CloudEvents SDK: an application may need a version of it that has another interface (pulpcore's Kafka
producer pins 1.11), and all that is needed of it is below. The tests read what is made here with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

_PCT = r"%[0-9A-Fa-f]{2}"
_UNRESERVED = r"A-Za-z0-9._~\-"
_SUB = r"!$&'()*+,;="
_PCHAR = rf"(?:[{_UNRESERVED}{_SUB}:@]|{_PCT})"
_NO_COLON = rf"(?:[{_UNRESERVED}{_SUB}@]|{_PCT})"
_HOST = rf"(?:\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB}:]+)\]|(?:[{_UNRESERVED}{_SUB}]|{_PCT})*)"
_AUTHORITY = rf"(?:(?:[{_UNRESERVED}{_SUB}:]|{_PCT})*@)?{_HOST}(?::[0-9]*)?"
_REST = rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:\#(?:{_PCHAR}|[/?])*)?"
_ABSOLUTE = rf"/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?"
_HIER = rf"(?://{_AUTHORITY}(?:/{_PCHAR}*)*|{_ABSOLUTE}"
_REFERENCE = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.\-]*:{_HIER}|{_PCHAR}+(?:/{_PCHAR}*)*|)|{_HIER}|{_NO_COLON}+(?:/{_PCHAR}*)*|)){_REST}\Z"
)


class Leaving(Protocol):
    """A `Delivery`, as far as it speaks of its event."""

    @property
    def event_id(self) -> str: ...
    @property
    def event_type(self) -> str: ...
    @property
    def event_time(self) -> datetime: ...
    @property
    def source(self) -> str: ...
    @property
    def trace_context(self) -> Mapping[str, str]: ...


class Reported(Leaving, Protocol):
    """The same with the report."""

    @property
    def report(self) -> bytes: ...


def attributes(delivery: Leaving, payload: Any) -> dict[str, Any]:
    """What goes with the report, which is the data (CloudEvents 1.0 §3): the same in every transport.

    `id` is the event's, not the delivery's; `source` is the delivery's as a URI-reference; `time` is a datetime;
    `subject`, if there is one, the payload's `repo_id`. `traceparent` and `tracestate`, of an event that was
    emitted in a trace, are the extension for distributed tracing (cloudevents/extensions/distributed-tracing.md).
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
    found.update(delivery.trace_context)
    return found


STRUCTURED = "application/cloudevents+json"
"""Content type of an event that is whole in the body."""


def structured(delivery: Reported) -> bytes:
    """The whole event as JSON (JSON event format 1.0 §3); its `data` is the report, byte for byte."""
    found = attributes(delivery, json.loads(delivery.report)["payload"])
    head = json.dumps({**found, "time": time_text(found["time"])}, ensure_ascii=False, separators=(",", ":"))
    return head[:-1].encode("utf-8", "backslashreplace") + b',"data":' + delivery.report + b"}"


def headers(delivery: Reported) -> dict[str, str]:
    """The attributes as headers of HTTP, beside the report as body (HTTP protocol binding 1.0 §3.1.3).

    `datacontenttype` is not among them: it is the content type.
    """
    found = attributes(delivery, json.loads(delivery.report)["payload"])
    del found["datacontenttype"]
    return {
        f"ce-{name}": quote(time_text(value) if name == "time" else value, safe=_PLAIN_IN_HEADERS, errors="replace")
        for name, value in found.items()
    }


_PLAIN_IN_HEADERS = "".join(map(chr, range(0x21, 0x7F))).replace('"', "").replace("%", "")


def time_text(time: datetime) -> str:
    """RFC 3339, in UTC with `Z`."""
    return time.isoformat().replace("+00:00", "Z")


def as_uri_reference(text: str) -> str:
    """`text` if it is a URI-reference (RFC 3986 §4.1) and not empty, else all of it as one percent-encoded segment.

    >>> as_uri_reference("pulp.example.com"), as_uri_reference("https://pulp.example.com/api")
    ('pulp.example.com', 'https://pulp.example.com/api')
    >>> as_uri_reference("Büro 3"), as_uri_reference("")
    ('B%C3%BCro%203', 'pulp-events')
    """
    if not text:
        return "pulp-events"
    return text if _REFERENCE.match(text) else quote(text, safe="", errors="replace")
