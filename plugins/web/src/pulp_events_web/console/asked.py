"""What the filters of a page ask for: texts of the URL, as `shown` takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pulp_events.errors import EventsError

MOMENTS = ("since", "until")


def texts(given: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Those that may be given; empty for each that is not."""
    return {name: given.get(name, "").strip() for name in names}


def values(wanted: Mapping[str, str]) -> dict[str, Any]:
    """Those that are given, times as times. Raises EventsError."""
    return {name: moment(text, name) if name in MOMENTS else text for name, text in wanted.items() if text}


def place(given: Mapping[str, str], name: str) -> int | None:
    """A place of an event, which a link to older ones has; None: the first page. Raises EventsError."""
    text = given.get(name, "")
    if text and not (text.isdecimal() and len(text) < 19):
        raise EventsError(f"{name}: it is no place of an event; begin at the first page")
    return int(text) if text else None


def moment(text: str, name: str) -> datetime:
    """A time as a field has it; without a zone it is UTC. Raises EventsError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise EventsError(f"{name}: {text!r:.60} is not a time; write for example 2026-01-31T12:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
