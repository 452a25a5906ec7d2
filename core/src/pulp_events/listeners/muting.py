"""What a mute makes of a record: how long, why and by whom; and who joins a mute of all listeners."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from pulp_events.errors import InvalidConfig
from pulp_events.listeners.kinds import as_text
from pulp_events.listeners.listener import ATTRIBUTES, Listener
from pulp_events.listeners.naming import PROSE
from pulp_events.system.clock import from_timestamp, iso_z
from pulp_events.visible import one_line

MUTE = ("muted_until", "mute_drops", "mute_reason", "muted_by", "muted_with_all")
"""The attributes that a mute sets, and that say nothing once it has ended."""
LONGEST_MUTE = 100 * 365 * 86400.0
"""Seconds."""

_NONE: dict[str, Any] = {name: ATTRIBUTES[name].default for name in MUTE}


def muting(
    now: float,
    by: str,
    seconds: float | None = None,
    *,
    until: datetime | None = None,
    drop: bool = False,
    reason: str | None = None,
    with_all: bool = False,
) -> Callable[[Listener], Listener]:
    """What mutes a listener for so many seconds from `now`, or until a moment. Raises InvalidConfig.

    A mute that is the same but for who sets it leaves the record as it is.
    """
    new: dict[str, Any] = {
        "muted_until": _end(now, seconds, until),
        "mute_drops": drop,
        "mute_reason": None if reason is None else PROSE.given("reason", reason),
        "muted_by": by,
        "muted_with_all": with_all,
    }

    def change(before: Listener) -> Listener:
        if all(getattr(before, name) == value for name, value in new.items() if name != "muted_by"):
            return before
        return replace(before, **new)

    return change


def unmuted(before: Listener) -> Listener:
    """The record without its mute."""
    return replace(before, **_NONE) if any(getattr(before, name) != value for name, value in _NONE.items()) else before


def joined(new: Listener, others: Iterable[Listener], now: float) -> Listener:
    """A new record, with the mute of all that holds; if there are several, with the one that ends last."""
    held = held_for_all(others, now)
    return new if held is None else replace(new, **{name: getattr(held, name) for name in MUTE})


def held_for_all(listeners: Iterable[Listener], now: float) -> Listener | None:
    """A listener with the mute of all that ends last; None if there is no such mute now."""
    held = [each for each in listeners if each.muted_with_all and each.muted_for(now)]
    return max(held, key=lambda each: each.muted_for(now), default=None)


def said(listener: Listener) -> str:
    """Until when it is muted, by whom and why, as far as known: `until 2026-11-27T03:00:00Z by alice (new disks)`."""
    until = "" if listener.muted_until is None else f"until {iso_z(listener.muted_until)}"
    by = "" if listener.muted_by is None else f" by {one_line(listener.muted_by)}"
    return f"{until}{by}" + ("" if listener.mute_reason is None else f" ({one_line(listener.mute_reason)})")


def _end(now: float, seconds: float | None, until: datetime | None) -> datetime:
    if (seconds is None) == (until is None):
        raise InvalidConfig("say how long to mute in one way: for so many seconds, or until a time")
    if until is not None:
        if not isinstance(until, datetime) or until.tzinfo is None:
            raise InvalidConfig(f"until is {until!r:.60}; give a datetime with a time zone")
        if until.timestamp() <= now:
            raise InvalidConfig(
                f"cannot mute until {iso_z(until)}, which is in the past: it is {iso_z(from_timestamp(now))}; give a "
                "later time"
            )
        seconds = until.timestamp() - now
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise InvalidConfig(
            f"cannot mute for {as_text(seconds)} seconds; give a time above 0; to silence it for good, disable the "
            "listener"
        )
    if seconds > LONGEST_MUTE:
        days = f"{LONGEST_MUTE / 86400:,.0f} days"
        raise InvalidConfig(
            f"cannot mute for {as_text(seconds)} seconds; the longest mute has {days}; to silence it for good, disable "
            "the listener"
        )
    return from_timestamp(now + seconds) if until is None else until
