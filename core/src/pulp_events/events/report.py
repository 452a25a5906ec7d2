"""The event report: the JSON body that leaves."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from pulp_events.errors import EventTooLarge, StoreCorrupt
from pulp_events.events.event import Event
from pulp_events.events.trace_context import NO_TRACE

# One encoder, made once: json.dumps with these arguments would make one for each call.
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False).encode


def serialise(event: Event, max_bytes: int = sys.maxsize) -> bytes:
    """The report as UTF-8 JSON with exactly the keys call_report, event_type and payload.

    Raises EventTooLarge if it has more than `max_bytes` bytes.
    """
    report: dict[str, Any] = {
        "call_report": event.call_report,
        "event_type": event.event_type,
        "payload": event.payload,
    }
    body = serialise_plain(report)
    if len(body) > max_bytes:
        raise _too_large(event, len(body), max_bytes)
    return body


def _too_large(event: Event, size: int, max_bytes: int) -> EventTooLarge:
    from pulp_events.events.reducing import parts, reduced  # seldom needed

    return EventTooLarge(
        f"the report of {event.event_type} has {size} bytes, over [events] max_event_bytes = {max_bytes}; "
        "put less into the payload, or raise the setting",
        size,
        max_bytes,
        partial(parts, event),
        partial(reduced, event),
    )


def serialise_plain(report: dict[str, Any]) -> bytes:
    """The same of one that is there already."""
    return _encode(report).encode()


def read_back(
    of: str,
    report: bytes,
    event_type: str,
    event_id: str,
    time: datetime,
    source: str,
    trace_context: Mapping[str, str] = NO_TRACE,
) -> Event:
    """The event whose report this is; see `parse`."""
    body = parse(of, report)
    return Event(event_type, body["payload"], body["call_report"], event_id, time, source, trace_context)


def parse(of: str, report: bytes) -> dict[str, Any]:
    """A report in plain dicts and lists. `of`: whose it is, for the error.

    Raises StoreCorrupt if the report is damaged.
    """
    try:
        body: dict[str, Any] = json.loads(report)
        body["payload"], body["call_report"]  # noqa: B018
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreCorrupt(f"the report of {of} is damaged; it cannot be read") from error
    return body


EXPIRES = "; expires "
"""In a fingerprint, between that of the report and the end that was given with it."""


def fingerprint(report: bytes, expires: str = "") -> str:
    """The same for two reports with the same content, in whatever order their keys are: a SHA-256 in hex; and, behind
    it, when the event was to expire, as the application gave it, where it did.

    >>> fingerprint(b'{"a": 1, "b": 2}') == fingerprint(b'{"b":2,"a":1}') != fingerprint(b'{"a": true, "b": 2}')
    True
    """
    import hashlib  # needed by few programs, and slow to import

    ordered = json.dumps(json.loads(report), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(ordered.encode("ascii")).hexdigest()
    return f"{digest}{EXPIRES}{expires}" if expires else digest
