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

SHORTENED = ("DETAIL", "TARGET", "HOOKS")
"""Columns that lose their ends where the terminal is narrow; `show` has them in full."""
WRAPPED = ("FINDING", "REASON")
"""Columns that go on in the next line: the remedy stands at the end. The others hold what is copied, or are short."""
_SHORTEST = 16
_BETWEEN = 2


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns; where the terminal is too narrow for them, a record for each row."""
    shown, lines = cells(headings, rows)
    out = console(sys.stdout)
    wanted = [max(map(cell_len, (heading, *column))) for heading, *column in zip(shown, *lines, strict=True)]
    widths = fit(shown, wanted, out.width - _BETWEEN * (len(shown) - 1))
    if widths is None:
        _print_stacked(out, shown, lines)
        return
    table = Table(box=None, pad_edge=False, padding=(0, _BETWEEN, 0, 0), header_style=_styled("bold"))
    for heading, width in zip(shown, widths, strict=True):
        table.add_column(heading, no_wrap=heading not in WRAPPED, overflow="ellipsis", width=width)
    for line in lines:
        table.add_row(*(Text(text, style=_style(text)) for text in line))
    out.print(table)


def fit(headings: Sequence[str], wanted: Sequence[int], room: int) -> list[int] | None:
    """Widths of the columns so that they take at most `room`; None if that cannot be."""
    widths = list(wanted)
    while (excess := sum(widths) - room) > 0:
        elastic = [
            (width, index)
            for index, (heading, width) in enumerate(zip(headings, widths, strict=True))
            if heading in SHORTENED + WRAPPED and width > _SHORTEST
        ]
        if not elastic:
            return None
        # The widest gives way first, down to the next one.
        width, index = max(elastic)
        next_one = max((other for other, _ in elastic if other < width), default=_SHORTEST)
        widths[index] = width - max(1, min(excess, width - next_one))
    return widths


def print_records(values: Sequence[Mapping[str, Any]]) -> None:
    """Records; only the labels look different. Long values are left to the terminal, so that they can be copied."""
    out = console(sys.stdout)
    for number, each in enumerate(values):
        if number:
            _line(out, Text())
        for line in record(each).split("\n"):
            name, colon, value = line.partition(":")
            _line(out, Text.assemble((name + colon, _styled("bold")), (value, _style(value.strip()))))


def print_words(words: Sequence[str]) -> None:
    """A line of a stream."""
    parts = [(f"{'  ' * bool(number)}{word}", _style(word)) for number, word in enumerate(words)]
    _line(console(sys.stdout), Text.assemble(*parts))


def print_changes(lines: Sequence[str]) -> None:
    """Lines of a comparison."""
    out = console(sys.stdout)
    styles = {"+": "green", "-": "red", "~": "yellow"}
    for line in lines:
        _line(out, Text(line, style=_styled(styles.get(line.lstrip()[:1], ""))))


def _line(out: Console, text: Text) -> None:
    out.print(text, soft_wrap=True)


def _print_stacked(out: Console, headings: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Each row as a block, a line for each column that says something, in the order of the columns."""
    widest = max(map(cell_len, headings)) + 2
    for number, line in enumerate(lines):
        if number:
            _line(out, Text())
        for heading, text in zip(headings, line, strict=True):
            if text != "-":
                _line(out, Text.assemble((f"{heading:<{widest}}", _styled("bold")), (text, _style(text))))


def _style(text: str) -> str:
    return _styled(STYLES.get(text, ""))


def _styled(style: str) -> str:
    # Without colour nothing is bold or dim either: what is plain is plain.
    return style if has_colour(sys.stdout) else ""
