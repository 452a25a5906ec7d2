"""What a terminal shows of records, streams and comparisons: the layout of a pipe, with colour."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from pulp_events_cli.output.records import record
from pulp_events_cli.output.terminal import STYLES, console, has_colour
from pulp_events_cli.output.wrapping import broken


def print_records(values: Sequence[Mapping[str, Any]]) -> None:
    """Records; the labels look different, and long values go on below their beginnings.

    What is copied, such as a URL, has no spaces, and is left to the terminal.
    """
    out = console(sys.stdout)
    for number, each in enumerate(values):
        if number:
            _line(out, Text())
        for line in record(each).split("\n"):
            name, colon, value = line.partition(":")
            text = value.lstrip(" ")
            column = len(line) - len(text)
            first, *more = broken(text, out.width - column).split("\n")
            value = value[: len(value) - len(text)] + first
            _line(out, Text.assemble((name + colon, styled("bold")), (value, style(value.strip()))))
            for rest in more:
                _line(out, Text(" " * column + rest))


def print_words(words: Sequence[str]) -> None:
    """A line of a stream."""
    out = console(sys.stdout)
    parts = [(f"{'  ' * bool(number)}{word}", style(word)) for number, word in enumerate(words)]
    for line in Text.assemble(*parts).wrap(out, out.width, no_wrap=False, overflow="ignore"):
        _line(out, line)


def print_changes(lines: Sequence[str]) -> None:
    """Lines of a comparison."""
    out = console(sys.stdout)
    styles = {"+": "green", "-": "red", "~": "yellow"}
    for line in lines:
        shown = broken(line, out.width, hang=4)
        _line(out, Text(shown, style=styled(styles.get(line.lstrip()[:1], ""))))


def _line(out: Console, text: Text) -> None:
    out.print(text, soft_wrap=True)


def style(text: str) -> str:
    """How a word that stands for a state looks."""
    return styled(STYLES.get(text, ""))


def styled(style: str) -> str:
    """The style, if there is colour."""
    # Without colour nothing is bold or dim either: what is plain is plain.
    return style if has_colour(sys.stdout) else ""
