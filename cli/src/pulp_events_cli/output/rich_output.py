"""What a terminal shows: the layout of a pipe, with colour, and tables that fit its width."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulp_events_cli.output.records import cells, record
from pulp_events_cli.output.terminal import STYLES, console, has_colour

ELASTIC = ("DETAIL", "FINDING", "REASON", "TARGET", "DESCRIPTION", "HOOKS", "EVENT TYPES")
"""Columns that may be shortened; the others hold what is copied, or is short."""
_SHORTEST = 16
_BETWEEN = 2


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns; where the terminal is too narrow even for shortened ones, a record for each row."""
    shown, lines = cells(headings, rows)
    out = console(sys.stdout)
    widths = [max(map(cell_len, (heading, *column))) for heading, *column in zip(shown, *lines, strict=True)]
    least = [
        min(width, _SHORTEST) if heading in ELASTIC else width for heading, width in zip(shown, widths, strict=True)
    ]
    if sum(least) + _BETWEEN * (len(shown) - 1) > out.width:
        print_records([_as_record(shown, line) for line in lines])
        return
    table = Table(box=None, pad_edge=False, padding=(0, _BETWEEN, 0, 0), header_style=_styled("bold"))
    for heading, width in zip(shown, least, strict=True):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", min_width=width)
    for line in lines:
        table.add_row(*(Text(text, style=_style(text), end="") for text in line))
    out.print(table)


def print_records(values: Sequence[Mapping[str, Any]]) -> None:
    """Records; only the labels look different. Long values are left to the terminal, so that they can be copied."""
    out = console(sys.stdout)
    for number, each in enumerate(values):
        if number:
            _line(out, Text())
        for line in record(each).split("\n"):
            name, colon, value = line.partition(":")
            text = Text(name + colon, style=_styled("bold"))
            text.append(value, style=_style(value.strip()) or Text().style)
            _line(out, text)


def print_changes(lines: Sequence[str]) -> None:
    """Lines of a comparison."""
    out = console(sys.stdout)
    styles = {"+": "green", "-": "red", "~": "yellow"}
    for line in lines:
        _line(out, Text(line, style=_styled(styles.get(line.lstrip()[:1], ""))))


def _line(out: Console, text: Text) -> None:
    out.print(text, soft_wrap=True)


def _as_record(headings: Sequence[str], line: Sequence[str]) -> dict[str, str]:
    return {heading.lower().replace(" ", "_"): text for heading, text in zip(headings, line, strict=True)}


def _style(text: str) -> str:
    return _styled(STYLES.get(text, ""))


def _styled(style: str) -> str:
    # Without colour nothing is bold or dim either: what is plain is plain.
    return style if has_colour(sys.stdout) else ""
