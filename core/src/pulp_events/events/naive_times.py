"""Datetimes without a time zone: which moment one means, nobody can tell who receives it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from pulp_events.errors import InvalidEvent

_TEXT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\Z")
"""ISO 8601 without `Z` or an offset."""


def is_naive(value: Any) -> bool:
    """True for a datetime without a zone, and one of a zone that does not know its offset."""
    return isinstance(value, datetime) and value.utcoffset() is None


def is_naive_text(value: Any) -> bool:
    """True for text that such a datetime becomes."""
    return isinstance(value, str) and _TEXT.match(value) is not None


def naive(path: str, value: Any) -> InvalidEvent:
    """The error for one at this path."""
    return InvalidEvent(
        f"{path} is a datetime without a time zone ({value!r}); use datetime.now(timezone.utc) for now, "
        "value.replace(tzinfo=timezone.utc) for one that is in UTC, value.astimezone() for local time"
    )
