"""Records and tables in the user guide's layout, and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pulp_events_cli.output.text import Lines, label, value_text


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


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows in columns, two spaces between them; a column that is empty in every row is left out."""
    shown, texts = cells(headings, rows)
    lines = [shown, *texts]
    widths = [max(len(line[column]) for line in lines) for column in range(len(shown))]
    return "\n".join(
        "  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def cells(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> tuple[list[str], list[list[str]]]:
    """Headings and texts of a table without the columns that are empty in every row."""
    texts = [[value_text(value) or "-" for value in row] for row in rows]
    shown = [index for index in range(len(headings)) if any(row[index] != "-" for row in texts)]
    return [headings[index] for index in shown], [[row[index] for index in shown] for row in texts]


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
