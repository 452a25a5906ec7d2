"""Whether a stream is a terminal, and the rich console to write to it. rich is imported for a terminal only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from pulp_events.outbox.states import Outcome, State

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 80
"""Columns where nobody says."""
STYLES: dict[str, str] = {
    **{state: "red" if state.failed else "green" if state.finished else "yellow" for state in State},
    "ok": "green",
    "note": "yellow",
    "problem": "bold red",
    "loaded": "green",
    "blocked": "yellow",
    "failed": "red",
    "yes": "green",
    "later": "yellow",
    "no": "dim",
    Outcome.TRANSIENT: "yellow",
    Outcome.TIMEOUT: "yellow",
    Outcome.PERMANENT: "red",
    Outcome.ERROR: "red",
    Outcome.LOST: "red",
    "unchanged": "dim",
    "create": "green",
    "update": "yellow",
    "delete": "red",
}
"""Words that stand for a state → how they look."""


def is_terminal(stream: TextIO | None) -> bool:
    """True if a person reads the stream on a terminal that can do more than print."""
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    except ValueError:  # it was closed
        return False


def has_colour(stream: TextIO | None) -> bool:
    """True if the stream is a terminal and nobody asked for no colour (https://no-color.org)."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def console(stream: TextIO) -> Console:
    """A console that takes texts as they are: nothing in them is markup, an emoji, or a number to be coloured."""
    from rich.console import Console

    # The width is what the terminal, or $COLUMNS, says; colours that the terminal lacks become ones that it has.
    made = Console(
        file=stream, highlight=False, markup=False, emoji=False, no_color=not has_colour(stream), soft_wrap=False
    )
    if not made.width:  # COLUMNS=0
        made.width = _WIDTH
    return made
