"""Questions to whoever sits at the terminal."""

from __future__ import annotations

import sys
from typing import TextIO


def can_ask() -> bool:
    """True if somebody sees standard error, or output, on a terminal, however simple, and can type an answer."""
    return _of_terminal(sys.stdin) and _shown_on() is not None


def is_watched() -> bool:
    """True if somebody sees standard error, or output, on a terminal, whoever types."""
    return _shown_on() is not None


def agreed(question: str) -> bool:
    """True if the answer is yes; no answer is no."""
    shown_on = _shown_on()
    print(f"{question} [y/N] ", end="", file=shown_on, flush=True)
    try:
        answer = sys.stdin.readline()
    except UnicodeDecodeError:
        answer = ""
    if not answer.endswith("\n"):  # the end of input; what is printed next begins a line
        print(file=shown_on)
    return answer.strip().lower() in ("y", "yes")


def _shown_on() -> TextIO | None:
    """Where a question is seen: errors may go to a file, and output to a pager or a file."""
    return next((stream for stream in (sys.stderr, sys.stdout) if _of_terminal(stream)), None)


def _of_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it was closed
        return False
