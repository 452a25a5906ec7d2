"""Questions to whoever sits at the terminal."""

from __future__ import annotations

import sys

from pulp_events_cli.output.terminal import is_terminal


def can_ask() -> bool:
    """True if somebody reads standard error on a terminal and can type an answer."""
    return is_terminal(sys.stderr) and is_terminal(sys.stdin)


def agreed(question: str) -> bool:
    """True if the answer is yes; no answer is no."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        answer = sys.stdin.readline()
    except UnicodeDecodeError:
        answer = ""
    if not answer.endswith("\n"):  # the end of input; what is printed next begins a line
        print(file=sys.stderr)
    return answer.strip().lower() in ("y", "yes")
