"""When an event expires: what `emit` was told, and what each listener says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from pulp_events.errors import InvalidEvent
from pulp_events.outbox.records import EXPIRED, NewDelivery

Expires = float | datetime | None
"""Seconds after the event, a moment with its zone, or never."""


def moment_of(expires: Expires, time: float) -> float | None:
    """Seconds since the epoch from which on an event of this `time` is not delivered any more; None: always is.

    Raises InvalidEvent. A moment may have passed: an application that hands on what it got cannot help that.
    """
    if expires is None:
        return None
    if isinstance(expires, datetime):
        if expires.tzinfo is None:
            raise InvalidEvent(f"expires is {expires.isoformat()}, without a time zone; give an aware datetime")
        return expires.timestamp()
    if not isinstance(expires, int | float) or isinstance(expires, bool):
        raise InvalidEvent(f"expires is {expires!r:.60}; give seconds, or a datetime with a time zone")
    if not (expires > 0 and math.isfinite(expires)):
        raise InvalidEvent(f"expires is {expires!r:.60}; give a number of seconds above 0, or a datetime")
    return time + expires


def as_given(expires: Expires) -> str:
    """What `moment_of` takes, as text: the same for the same span or moment, empty for never."""
    if expires is None:
        return ""
    if isinstance(expires, datetime):
        return expires.astimezone(UTC).isoformat()
    return f"{float(expires)!r} s"


def expiring(deliveries: Iterable[NewDelivery], expires: float, now: float) -> list[NewDelivery]:
    """The deliveries, which end by then at the latest; dead at once if that has passed."""
    return [
        NewDelivery(
            one.listener_id,
            one.target,
            EXPIRED if one.skip is None and expires <= now else one.skip,
            expires if one.expires is None else min(one.expires, expires),
        )
        for one in deliveries
    ]
