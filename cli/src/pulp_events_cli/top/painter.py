"""Writes frames to a terminal: only the lines that changed, as little as a slow connection needs."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from pulp_events_cli.output.terminal import has_colour
from pulp_events_cli.top.lines import STYLES, Line, fit, plain, width_of

_ERASE_REST = "\x1b[K"


class Painter:
    """What the terminal shows, and how to turn it into another frame."""

    def __init__(self, stream: TextIO, write: Callable[[str], None]) -> None:
        """`stream`: the terminal, which is asked what it can show; `write`: takes what is sent to it."""
        self._styled = styler(stream)
        self._write = write
        self._shown: list[Line] = []
        self._size = (0, 0)

    def paint(self, frame: Sequence[Line], size: tuple[int, int]) -> None:
        """Show the frame on a screen of (columns, lines)."""
        columns, rows = size
        text = ""
        if size != self._size:
            text, self._shown, self._size = "\x1b[0m\x1b[2J", [], size
        lines = [fit(line, columns) for line in frame[:rows]]
        lines += [()] * (rows - len(lines))
        for index, line in enumerate(lines):
            if index < len(self._shown) and [*self._shown[index]] == [*line]:
                continue
            rest = _ERASE_REST if width_of(line) < columns else ""  # at the very end it would erase the last character
            text += f"\x1b[{index + 1};1H{self._styled(line)}{rest}"
        self._shown = lines
        if text:
            self._write(text)

    def forget(self) -> None:
        """Somebody else wrote to the terminal: the next frame is written as a whole."""
        self._size = (0, 0)


def styler(stream: TextIO) -> Callable[[Line], str]:
    """What makes a text for this terminal of a line."""
    if not has_colour(stream):
        return lambda line: plain([line])
    detected = Console(file=stream).color_system
    console = Console(
        file=io.StringIO(),
        color_system=detected or "standard",  # type: ignore[arg-type]  # it is one of those words
        force_terminal=True,
        width=10_000,
        legacy_windows=False,
    )

    def styled(line: Line) -> str:
        text = Text.assemble(*((piece, STYLES.get(style, "")) for piece, style in line), no_wrap=True, end="")
        with console.capture() as captured:
            console.print(text, end="", soft_wrap=True)
        return captured.get()

    return styled
