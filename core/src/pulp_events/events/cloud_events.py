"""The CloudEvents 1.0 attributes of an event, for the notifiers that offer that format. Needs no SDK."""

from __future__ import annotations

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


def attributes(delivery: Leaving, payload: Any) -> dict[str, Any]:
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
