"""`ETag` and `If-Match` of listeners (RFC 9110 §8.8.3, §13.1.1): of two who change what they saw, the second is told.

The tag is of the *record*: neither the health of a listener, nor that a mute of its ends, changes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256

from flask import request
from werkzeug.exceptions import HTTPException

from pulp_events import EventBus, Listener
from pulp_events.listeners.document import to_document
from pulp_events.listeners.listeners import Listeners
from pulp_events.listeners.redacted import Redaction

ETAG = {"ETag": {"description": "of the record, for If-Match", "schema": {"type": "string"}}}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "ETag of the listener as it was seen: 412 if it was changed since; without it, it is changed anyway",
    "schema": {"type": "string"},
}
"""As the OpenAPI document describes them."""
STALE = "The listener is not as you saw it: somebody changed it since. Get it again, and decide by what it is now."


def etag_of(bus: EventBus, listener: Listener) -> str:
    """The opaque tag, without quotes.

    It is made of the record without its secrets, as who has the tag could else try passwords on it; `updated`, which
    each change sets, stands for these.
    """
    document = {**to_document(listener), "notifier_config": Redaction(bus.plugins)(listener)}
    document.pop("restricted_config", None)
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:32]


def refuse_stale(bus: EventBus) -> Callable[[Listener], None]:
    """What raises 412 for a listener that the request's `If-Match` does not name; nothing where it has none."""
    wanted = request.if_match if "If-Match" in request.headers else None

    def refuse(stored: Listener) -> None:
        if wanted is not None and etag_of(bus, stored) not in wanted:
            raise Stale

    return refuse


def as_seen(listeners: Listeners, bus: EventBus, listener: Listener) -> Listeners:
    """The listeners, changed only while this one is as the request's `If-Match` says. Raises Stale if it is not now."""
    refuse = refuse_stale(bus)
    refuse(listener)
    return listeners.unless(refuse) if "If-Match" in request.headers else listeners


class Stale(HTTPException):
    """RFC 9110 §15.5.13."""

    code = 412
    description = STALE


def headers(bus: EventBus, listener: Listener) -> dict[str, str]:
    """`ETag` of an answer that shows the listener."""
    return {"ETag": f'"{etag_of(bus, listener)}"'}
