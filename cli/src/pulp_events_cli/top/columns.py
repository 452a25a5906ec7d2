"""Tables whose columns are as wide as the screen lets them, whatever is in them: nothing jumps about as it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pulp_events_cli.output.fitting import BETWEEN, Wish, fit
from pulp_events_cli.top.lines import Line, Piece, filled

T = TypeVar("T")


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column."""

    heading: str
    cell: Callable[[T], str | Piece]
    rank: int
    """The highest goes first where there is no room."""
    least: int
    most: int
    right: bool = False


def chosen(columns: Sequence[Column[T]], width: int) -> list[tuple[Column[T], int]]:
    """The columns that are shown, in their order, and the width of each."""
    places = fit([Wish((column.most,), column.rank, column.least) for column in columns], width)
    return [(columns[place.column], place.width) for place in places]


def heading(shown: Sequence[tuple[Column[T], int]]) -> Line:
    """The line above."""
    return _joined([(filled(column.heading, width, column.right), "heading") for column, width in shown])


def line(shown: Sequence[tuple[Column[T], int]], row: T) -> Line:
    """A row."""
    pieces: list[Piece] = []
    for column, width in shown:
        cell = column.cell(row)
        text, style = (cell, "") if isinstance(cell, str) else cell
        pieces.append((filled(text, width, column.right), "dim" if text == "-" else style))
    return _joined(pieces)


def _joined(pieces: Sequence[Piece]) -> Line:
    made: list[Piece] = []
    for piece in pieces:
        made += [(" " * BETWEEN, ""), piece] if made else [piece]
    return made


def window(number: int, chosen_one: int, room: int) -> int:
    """Index of the first of `number` rows to show in `room` lines, so that the chosen one is in the middle, if it can
    be."""
    return max(0, min(chosen_one - room // 2, number - room))
