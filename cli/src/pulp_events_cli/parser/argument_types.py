"""Conversions of option values that more than one command has. Each raises ArgumentTypeError with what is right."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta


def some_text(text: str) -> str:
    """Any text but an empty one: as a condition, that would be none, and often comes from an unset variable."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; give a value, or leave the option out")
    return text


def reason(text: str) -> str:
    """Why deliveries are given up; each of them keeps it."""
    from pulp_events.bus.deliveries import LONGEST_REASON

    if len(some_text(text)) > LONGEST_REASON:
        raise argparse.ArgumentTypeError(f"has {len(text)} characters; the longest allowed has {LONGEST_REASON}")
    return text


def duration(text: str) -> float:
    """Seconds, from `30s`, `5m`, `1h 30m`, or a number."""
    from pulp_events.fields import parse_duration

    try:
        return parse_duration(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r:.60} is not a valid duration; write for example 30s, 5m or 2h"
        ) from None


def lifetime(text: str) -> float:
    """Seconds, more than none."""
    seconds = duration(text)
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is no time at all; write for example 30s, 5m or 2h")
    return seconds


def durations(text: str) -> list[float]:
    """Several durations, separated by commas; none for empty text."""
    return [duration(part) for part in text.split(",") if part.strip()]


def moment(text: str) -> datetime:
    """A moment: ISO 8601, in local time unless it has an offset, a time of day (the last such), or a duration ago."""
    from pulp_events.fields import parse_duration
    from pulp_events_cli.parser.later import earlier

    try:
        return datetime.now(UTC) - timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError):
        pass
    try:
        return earlier(text)
    except argparse.ArgumentTypeError as error:
        if "is not a valid time" not in str(error):
            raise
        raise argparse.ArgumentTypeError(
            f"{text!r:.60} is not a valid time; write 2026-11-24T08:00, 08:00, or 2h for two hours ago"
        ) from None


def rate(text: str) -> str:
    """So many in a time, as in `10/s`."""
    from pulp_events.outbox.rate import Rate

    try:
        Rate.of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def positive(text: str) -> int:
    """A whole number above 0, and below a thousand million."""
    if not (text.isascii() and text.isdigit() and int(text[:10]) > 0):
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a whole number above 0")
    if len(text) > 9:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is too large; write a number from 1 to 999999999")
    return int(text)


def truth(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError(f"{text!r:.60} is neither true nor false")
    return text == "true"


def label(text: str) -> tuple[str, str]:
    """A label, from `KEY=VALUE`."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r:.60} is not a label; write KEY=VALUE, such as team=ops")
    return key, value


def wanted_label(text: str) -> tuple[str, str | None]:
    """What is looked for: a label, or a key alone, for whatever value."""
    if text.strip() and "=" not in text:
        return text, None
    return label(text)
