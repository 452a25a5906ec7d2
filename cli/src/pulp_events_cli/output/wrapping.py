"""Sentences on a terminal: broken between words, where the terminal itself would break in the middle of one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TextIO

from pulp_events_cli.output.terminal import is_terminal

_WORDS = r"(\s*)(`[^`]+`\S*|\S+)"
"""A command in backticks is one word, so that it can be copied from the screen."""


def for_terminal(text: str, stream: TextIO) -> str:
    """`text` with lines that fit, if the stream is a terminal; else as it is."""
    if not is_terminal(stream):
        return text
    columns = _columns(stream)
    return "\n".join(broken(line, columns) for line in text.split("\n")) if columns else text


def broken(line: str, columns: int, hang: int = 0) -> str:
    """A line in several that fit, if it must be; a word that fits into none is left whole.

    The further ones are indented like the first, and by `hang` more.
    """
    if line.isascii() and len(line) <= columns:
        return line
    from rich.cells import cell_len

    if cell_len(line) <= columns:
        return line
    indent = line[: len(line) - len(line.lstrip(" "))]
    lines: list[str] = []
    for gap, word in _words(line, columns - len(indent) - hang):
        if lines and cell_len(lines[-1] + gap + word) <= columns:
            lines[-1] += gap + word
        else:
            lines.append(indent + " " * (hang if lines else 0) + word)
    return "\n".join(lines)


def _words(line: str, room: int) -> Iterator[tuple[str, str]]:
    """The words, each with the spaces before it."""
    from rich.cells import cell_len

    for found in re.finditer(_WORDS, line):
        if cell_len(found[2]) <= room:
            yield found[1], found[2]
        else:
            for number, word in enumerate(found[2].split()):
                yield " " if number else found[1], word


def _columns(stream: TextIO) -> int | None:
    """The width of the terminal, which $COLUMNS overrides; None if it does not say."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):
        return None
