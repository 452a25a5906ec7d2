"""Trends: a number for each piece of time, as a line of bars."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from pulp_events_cli.output.kinds import Kind

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus

WIDTHS = (26, 13, 8)
"""Cells of a trend, at most: the widest for which there is room."""
BLOCKS = "·▁▂▃▄▅▆▇█"
ASCII = "._-:=+*%#"
"""Where the encoding of the terminal has no blocks. The first of each is for nothing at all."""


def bars(stream: TextIO) -> str:
    """The characters that the stream can print."""
    try:
        BLOCKS.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS


def trend(numbers: Sequence[int], width: int, characters: str = BLOCKS) -> str:
    """The numbers as bars, the largest as high as there are; several in one bar if they are more than `width`.

    >>> trend([0, 1, 4, 8], 8)
    '·▁▄█'
    >>> trend([1, 1, 2, 2], 2)
    '▄█'
    """
    each = -(-len(numbers) // width) or 1
    # From the end: the last bar, which people look at first, stands for as long a time as the others.
    first = len(numbers) % each
    sums = [sum(numbers[max(0, at) : at + each]) for at in range(first - each if first else 0, len(numbers), each)]
    most, steps = max(sums, default=0), len(characters) - 1
    return "".join(characters[-(-number * steps // most) if number else 0] for number in sums)


class Trends(Kind):
    """Numbers for each piece of time: bars on a terminal, and nothing in a pipe, where `--json` has them."""

    def whole(self, value: Sequence[int]) -> str:
        return trend(value, WIDTHS[0], ASCII)

    def levels(self, values: Sequence[Sequence[int]], bus: EventBus | None) -> list[list[str]]:
        characters = bars(sys.stdout)
        return [[trend(value, width, characters) for value in values] for width in WIDTHS]

    def keys(self, values: Sequence[Sequence[int]], bus: EventBus | None) -> list[int]:
        return [sum(value) for value in values]
