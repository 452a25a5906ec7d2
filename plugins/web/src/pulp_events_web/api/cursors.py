"""Cursors of lists: opaque to clients, checked when they come back."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from pulp_events_web.api.refusing import Refused

LONGEST = 500
FAULT = "This is no cursor of this list; leave it out to begin at the first page."


def written(*values: str | int) -> str:
    """A cursor that stands for these."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def read(cursor: str, *kinds: type) -> list[Any]:
    """The values, each of the kind in its place; datetime: a moment with its zone. Raises Refused."""
    try:
        if len(cursor) > LONGEST:
            raise ValueError
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(kinds):
            raise ValueError
        return [_of(kind, value) for kind, value in zip(kinds, values, strict=True)]
    except (ValueError, TypeError, RecursionError):
        raise Refused(422, FAULT, {"cursor": [FAULT]}) from None


def _of(kind: type, value: Any) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if type(value) is not kind or (kind is int and not 0 <= value <= 10**6):
        raise ValueError
    return value
