"""An option whose name may be left out: `show ci` is `show --listener-id=ci`, wherever a listener is asked for.

It is marked by an attribute `bare` of its action, and its command has no positional arguments.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def bare_option(parser: argparse.ArgumentParser) -> argparse.Action | None:
    """The option of which this holds; None if there is none."""
    if parser._get_positional_actions():
        return None
    return next((action for action in parser._actions if getattr(action, "bare", False)), None)


def with_names(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """The words, with the name before each that stands alone: the first one, or all if the option may be repeated.

    What follows a secret stays as it is: it may be the rest of a value that was not quoted.
    """
    option = bare_option(parser)
    if option is None:
        return [*words]
    name, repeats = option.option_strings[-1], isinstance(option, argparse._AppendAction)
    options = {string: action for action in parser._actions for string in action.option_strings}
    found: list[str] = []
    rest = [*words]
    done = False
    while rest and (repeats or not done):
        word = rest.pop(0)
        if word == "--":
            named = rest if repeats else rest[:1]
            rest = rest[len(named) :]
            found += [f"{name}={each}" for each in named]
            break
        if not word.startswith("-") or word == "-":
            found.append(f"{name}={word}")
            done = True
            continue
        found.append(word)
        action = options.get(word.partition("=")[0])
        if action is None or getattr(action, "secret", False):
            break  # argparse refuses what is unknown
        if "=" not in word and rest and action.nargs != 0:
            found.append(rest.pop(0))
    return found + rest
