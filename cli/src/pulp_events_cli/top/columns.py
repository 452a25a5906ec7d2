"""Tables of a fixed width: columns that yield by rank, and share what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pulp_events_cli.top.lines import Line, Piece, filled

T = TypeVar("T")
GAP = 2


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column. Its width depends on the screen and not on what is in it, so that nothing jumps about."""

    heading: str
    cell: Callable[[T], str | Piece]
    rank: int
    """The highest goes first where there is no room."""
    least: int
    most: int
    right: bool = False


def chosen(columns: Sequence[Column[T]], width: int) -> list[tuple[Column[T], int]]:
    """The columns that are shown, in their order, and the width of each."""
    kept = sorted(columns, key=lambda column: column.rank)
    while len(kept) > 1 and sum(column.least for column in kept) + GAP * (len(kept) - 1) > width:
        kept.pop()
    widths = {column.heading: column.least for column in kept}
    left = width - sum(widths.values()) - GAP * (len(kept) - 1)
    for column in kept:  # the more important one gets what it wants first
        more = max(0, min(left, column.most - column.least))
        widths[column.heading] += more
        left -= more
    if left < 0:
        widths[kept[0].heading] = width
    return [(column, widths[column.heading]) for column in columns if column.heading in widths]


def heading(shown: Sequence[tuple[Column[T], int]]) -> Line:
    """The line above."""
    return _joined([(filled(column.heading, width, column.right), "heading") for column, width in shown])


def line(shown: Sequence[tuple[Column[T], int]], row: T) -> Line:
    """A row."""
    pieces: list[Piece] = []
    for column, width in shown:
        cell = column.cell(row)
        text, style = (cell, "") if isinstance(cell, str) else cell
        pieces.append((filled(text, width, column.right), style))
    return _joined(pieces)


def _joined(pieces: Sequence[Piece]) -> Line:
    made: list[Piece] = []
    for piece in pieces:
        made += [(" " * GAP, ""), piece] if made else [piece]
    return made


def window(number: int, chosen_one: int, room: int) -> int:
    """Index of the first of `number` rows to show in `room` lines, so that the chosen one is in the middle, if it can
    be."""
    return max(0, min(chosen_one - room // 2, number - room))
