"""Tables on a terminal: with colour, a line for each row, and never wider than the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import zip_longest
from string import ascii_uppercase
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.console import Console
from rich.text import Text

from pulp_events_cli.output.fitting import BETWEEN, TIGHT, Place, Wish, fit
from pulp_events_cli.output.rich_output import style, styled
from pulp_events_cli.output.table import Column, Filled, Shape
from pulp_events_cli.output.terminal import console

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus

_UNSURE = dict.fromkeys([0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)], "") | {
    0x1F1E6 + number: letter for number, letter in enumerate(ascii_uppercase)
}
"""What changes the character before it, and the letters of flags: terminals disagree how wide the result is."""


def print_columns(filled: Sequence[Filled], bus: EventBus | None, chosen: bool) -> list[Column]:
    """Print them; returns the columns that there was no room for. `chosen`: a person named them."""
    out = console(sys.stdout)
    shapes = [[_sure(shape) for shape in each.shapes(bus)] for each in filled]
    wishes = [_wish(each, forms, bus) for each, forms in zip(filled, shapes, strict=True)]
    places = fit(wishes, out.width, chosen)
    columns = [_Printed(filled[each.column].column, shapes[each.column][each.level], each, out) for each in places]
    _print_line(out, [each.heading() for each in columns], columns, bold=True)
    for row in range(len(filled[0].values)):
        cells = [each.cell(row) for each in columns]
        # A row is a line, but for texts that are wrapped.
        for line in zip_longest(*cells, fillvalue=""):
            _print_line(out, line, columns)
    shown = {each.column for each in places}
    return [each.column for at, each in enumerate(filled) if at not in shown]


def _sure(shape: Shape) -> Shape:
    return Shape(shape.heading, [text if text.isascii() else text.translate(_UNSURE) for text in shape.texts])


def _wish(filled: Filled, shapes: Sequence[Shape], bus: EventBus | None) -> Wish:
    column = filled.column
    levels = tuple(max(map(cell_len, (shape.heading, *shape.texts))) for shape in shapes)
    if column.least is None:
        return Wish(levels, column.rank, last=column.kind.last, implied=column.implied)
    uncut = max(map(cell_len, column.kind.uncut(filled.values, bus)), default=0)
    least = max(column.least, uncut, cell_len(shapes[-1].heading))
    return Wish(levels, column.rank, least, max(TIGHT, uncut), column.kind.last, column.implied)


class _Printed:
    """A column as it is printed."""

    def __init__(self, column: Column, shape: Shape, place: Place, out: Console) -> None:
        self._column = column
        self._shape = shape
        self._out = out
        self.width = place.width

    def heading(self) -> str:
        return _cut(self._shape.heading, self.width)

    def _text(self, text: str) -> str:
        return _cut_start(text, self.width) if self._column.cut_start else _cut(text, self.width)

    def cell(self, row: int) -> list[str]:
        """Its lines."""
        text = self._shape.texts[row]
        if cell_len(text) <= self.width:
            return [text]
        if self._column.least is None:
            return chop_cells(text, self.width)  # only where nothing else is left: it is whole all the same
        if not self._column.wraps:
            return [self._text(text)]
        lines = Text(text).wrap(self._out, self.width)
        return [line.plain.rstrip() for line in lines]

    def padded(self, text: str) -> str:
        space = " " * (self.width - cell_len(text))
        return space + text if self._column.right else text + space


def _print_line(out: Console, texts: Sequence[str], columns: Sequence[_Printed], bold: bool = False) -> None:
    line = Text()
    for number, (text, column) in enumerate(zip(texts, columns, strict=True)):
        line.append(" " * BETWEEN if number else "")
        line.append(column.padded(text), styled("bold") if bold else style(text))
    line.rstrip()
    out.print(line, soft_wrap=True)


def _cut(text: str, width: int) -> str:
    """The text in at most so many cells; an ellipsis stands for what is cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def _cut_start(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return "…" + text
