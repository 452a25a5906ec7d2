"""A time as it is typed at night: `07:00`, or with its date. Without a date it is the next such, or the last."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

EXAMPLE = "07:00 or 2026-11-24T07:00"


def later(text: str) -> datetime:
    """A moment in UTC, from ISO 8601, in local time unless it has an offset; a time without a date is the next such.

    Whether it has passed is not looked at. Raises ArgumentTypeError, too where the clocks are changed and the local
    time is skipped, or comes twice.
    """
    return _moment(text, datetime.now().astimezone())


def earlier(text: str) -> datetime:
    """The same, but a time without a date is the last such. Raises ArgumentTypeError."""
    return _moment(text, datetime.now().astimezone(), _last)


def _moment(text: str, now: datetime, without_date: Callable[[str, datetime], datetime] | None = None) -> datetime:
    for read in (_with_date, without_date or _next):
        try:
            found = read(text, now)
            return _only(text, found) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            continue
    hint = "; for a duration there is --for" if without_date is None and _is_duration(text) else ""
    raise argparse.ArgumentTypeError(f"{text!r:.60} is not a valid time; write {EXAMPLE}{hint}")


def _with_date(text: str, now: datetime) -> datetime:
    return datetime.fromisoformat(text)


def _next(text: str, now: datetime) -> datetime:
    """The next time that a clock shows this."""
    clock = time.fromisoformat(text)
    here = now.astimezone(clock.tzinfo)
    today = datetime.combine(here.date(), clock)
    passed = (today if clock.tzinfo else today.astimezone()) <= here
    return today + timedelta(days=1) if passed else today


def _last(text: str, now: datetime) -> datetime:
    """The last time that a clock showed this."""
    clock = time.fromisoformat(text)
    here = now.astimezone(clock.tzinfo)
    today = datetime.combine(here.date(), clock)
    to_come = (today if clock.tzinfo else today.astimezone()) > here
    return today - timedelta(days=1) if to_come else today


def _only(text: str, local: datetime) -> datetime:
    """The one moment that a local time stands for."""
    first, second = (local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first.astimezone().replace(tzinfo=None) != local:
        raise argparse.ArgumentTypeError(
            f"{text!r:.60} is no local time: the clocks are then put forward; write an earlier or a later one"
        )
    both = " or ".join(f"{local.isoformat()}{each.astimezone():%z}" for each in (first, second))
    raise argparse.ArgumentTypeError(f"{text!r:.60} comes twice, as the clocks are then put back; write {both}")


def _is_duration(text: str) -> bool:
    from pulp_events.fields import parse_duration

    try:
        parse_duration(text)
    except ValueError:
        return False
    return True
