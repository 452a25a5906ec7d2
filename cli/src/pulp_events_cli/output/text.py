"""Values as text for people: labels, times, and nothing that a terminal would take for a command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pulp_events.visible import visible

CAPITALS = frozenset(["url", "ca", "ssl", "tls", "amqp", "ttl"])


class Lines(tuple[str, ...]):
    """A text of several lines, which a record shows one below the other."""


def label(key: str) -> str:
    """A key as it is shown: `notifier_type_id` → `Notifier Type Id`, `ca_path` → `CA Path`."""
    return " ".join(word.upper() if word in CAPITALS else word.capitalize() for word in key.split("_"))


def printable(text: str) -> str:
    """`text` with everything escaped that a terminal would obey instead of show.

    >>> printable("one\\ntwo")
    'one\\\\ntwo'
    """
    return visible(text)


def count(number: int, one: str, many: str) -> str:
    """A number and its noun: `1 delivery`, `2 deliveries`."""
    return f"{number} {one if number == 1 else many}"


def local_time(moment: datetime | None) -> str:
    """A time in the local zone, `-` for none."""
    return "-" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def span(seconds: float) -> str:
    """A time in two units at most: `12s`, `3h 5m`."""
    from pulp_events.fields import format_duration

    return " ".join(format_duration(float(int(seconds))).split()[:2])


def value_text(value: Any) -> str:
    """A value in one line: lists joined by commas, true and false as in server.conf."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return local_time(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(value_text, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{printable(str(key))}={value_text(item)}" for key, item in value.items())
    return printable(str(value))


def first_line(text: str) -> str:
    """What a list shows of a text of several lines, such as a receiver's answer with an excerpt."""
    return text.partition("\n")[0]
