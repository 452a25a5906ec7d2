"""Records and tables in the user guide's layout, and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pulp_events_cli.output.text import Lines, label, value_text

if TYPE_CHECKING:
    from pulp_events_cli.output.table import Shape


def record(values: Mapping[str, Any], gap: int = 2, indent: str = "") -> str:
    """A record: keys sorted, values `gap` spaces after the widest label, a mapping as a block of its own.

    >>> print(record({"id": "50bf", "notifier_config": {"url": "http://ci"}}))
    Id:               50bf
    Notifier Config:
      URL: http://ci
    """
    widest = max((len(label(key)) for key in values), default=0) + 1 + gap
    lines = []
    for key in sorted(values):
        value = values[key]
        name = f"{indent}{label(key)}:"
        if isinstance(value, Mapping) and not indent:
            lines += [name, record(value, gap=1, indent="  ")] if value else [name]
        else:
            first, *more = map(value_text, value) if isinstance(value, Lines) else [value_text(value)]
            column = len(indent) + widest
            lines += [f"{name:<{column}}{first}".rstrip(), *(f"{'':<{column}}{text}".rstrip() for text in more)]
    return "\n".join(lines)


def lines_of(columns: Sequence[Shape]) -> list[str]:
    """The lines of a table in a pipe: every text whole, two spaces between the columns."""
    widths = [max(map(len, (each.heading, *each.texts))) for each in columns]
    rows = [[each.heading for each in columns], *zip(*(each.texts for each in columns), strict=True)]
    return ["  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def print_json(value: Any, one_line: bool = False) -> None:
    """`value` as JSON; times as ISO 8601 in UTC, what a terminal would obey escaped."""
    from pulp_events.visible import json_text

    text = json_text(value, None if one_line else 2, _jsonable)
    print(text, flush=one_line)  # a line of a stream is there at once


def _jsonable(value: Any) -> Any:
    if isinstance(value, datetime):
        from pulp_events.system.clock import iso_z

        return iso_z(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
