"""Whether too much waits to be delivered. Pure: what waits is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pulp_events.about.announcement import Announcement, text
from pulp_events.about.told import Told, has_passed
from pulp_events.events.own_names import OUTBOX_BACKLOG

BACKLOG = "backlog"
CLEARED = 0.8
"""Of a limit: below it, it is said that it is not exceeded any more."""


def look(
    told: Told, pending: int, oldest: datetime | None, about_settings: Mapping[str, Any], now: float
) -> list[Announcement]:
    """What is to be said now; `told` is changed accordingly. `oldest`: time of the oldest event that is pending, None
    where there is none, or nobody wants to know."""
    part = told.part(BACKLOG)
    most, age = about_settings["backlog"], about_settings["backlog_age"]
    waits = 0.0 if oldest is None else now - oldest.timestamp()
    exceeded = pending >= most or (age is not None and waits >= age)
    at = part.get("at")
    if exceeded and (at is None or has_passed(about_settings["repeat"], at, now)):
        part["at"] = now
        return [_said("exceeded", pending, oldest)]
    if at is not None and pending < CLEARED * most and (age is None or waits < CLEARED * age):
        part.clear()
        return [_said("cleared", pending, oldest)]
    return []


def _said(status: str, pending: int, oldest: datetime | None) -> Announcement:
    return Announcement(
        OUTBOX_BACKLOG,
        {"status": status, "pending": pending, "oldest_pending": None if oldest is None else text(oldest)},
    )
