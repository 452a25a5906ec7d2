"""The options of a command line that choose what is listed, as they were written."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Sequence

LAYOUT = frozenset(["--columns", "--sort", "--table", "--limit", "--health"])
"""Options that say how much is shown and how, and leave nothing out."""


def filters_given(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """Those that leave something out, with their values: `--state dead --since 2h`; positional arguments first."""
    options = {option: action for action in parser._actions for option in action.option_strings}
    positionals, found = [], []
    rest = iter(words)
    for word in rest:
        name, equals, _ = word.partition("=")
        action = options.get(name) if word.startswith("-") else None
        if word == "--":
            positionals += rest
        elif action is None:
            positionals.append(word)
        else:
            given = [word, *([] if equals else _values(action, rest))]
            found += [] if name in LAYOUT else given
    return shlex.join([*positionals, *found])


def _values(action: argparse.Action, rest: Iterator[str]) -> list[str]:
    """The words after an option that are its value."""
    return [next(rest, "")] if action.nargs is None else []
