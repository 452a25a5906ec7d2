"""What may come next in a command line that is half written."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

from pulp_events_cli import global_options
from pulp_events_cli.completion import values
from pulp_events_cli.errors import UsageError
from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.parser.bare import bare_option, with_names
from pulp_events_cli.parser.help_format import explain
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.parser.root import build
from pulp_events_cli.session import Session

Candidate = tuple[str, str]
"""A word, and what it stands for."""
_BRIEF = 60


def candidates(words: Sequence[str], prefix: str) -> list[Candidate]:
    """Words that may stand at the cursor and begin with `prefix`; `words`: those before it, the program's not among
    them."""
    if words and words[-1] in global_options.VALUES:
        return values.files(prefix)
    name, equals, start = prefix.partition("=")
    if equals and name in global_options.VALUES:
        return [(f"{name}={text}", about) for text, about in values.files(start)]
    try:
        options, rest = global_options.extract(words)
    except UsageError:
        options, rest = GlobalOptions(), list(words)
    session = Session(options)
    parser, rest = _descend(build(session), rest)
    if parser is None:
        return []
    complete = _section if parser.commands is not None else _command
    found = complete(parser, session, rest, prefix)
    return [(word, _brief(about)) for word, about in found if word.startswith(prefix)]


def _brief(text: str) -> str:
    """What fits beside a word in a list."""
    text = text.partition("; ")[0]
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}…"


def _descend(parser: Parser, words: list[str]) -> tuple[Parser | None, list[str]]:
    """The parser that the words lead to, and the words that are left; None where there is no such command."""
    rest = list(words)
    while True:
        parser.fill()
        if parser.commands is None:
            if parser.fill_for is not None:
                parser.fill_for(rest)
            return parser, rest
        commands = [word for word in rest if not word.startswith("-")]
        if not commands:
            parser.complete()
            return parser, rest
        following = parser.command(commands[0])
        if following is None:
            return None, rest
        rest.remove(commands[0])
        parser = following


def _section(parser: Parser, session: Session, words: list[str], prefix: str) -> Iterator[Candidate]:
    found = _value_of_option(parser, session, words, prefix)
    if found is not None:
        yield from found
    elif prefix.startswith("-"):
        yield from _options(parser, words)
        yield from _global()
    else:
        assert parser.commands is not None
        for name, command in parser.commands.choices.items():
            yield name, getattr(command, "summary", "")


def _value_of_option(parser: Parser, session: Session, words: list[str], prefix: str) -> list[Candidate] | None:
    """Values of the option that the cursor is behind; None if it is behind none that takes one."""
    options = _by_name(parser)
    name, equals, start = prefix.partition("=")
    if equals and name in options:
        return [(f"{name}={text}", about) for text, about in _values(options[name], parser, session, start)]
    waiting = options.get(words[-1]) if words else None
    if waiting is None or (prefix.startswith("-") and not getattr(waiting, "dashed", False)):
        return None
    takes = waiting.nargs is None and waiting.const is None
    may_take = waiting.nargs == "?" and waiting.option_strings[-1] in values.BY_NAME
    return _values(waiting, parser, session, prefix) if takes or may_take else None


def _by_name(parser: Parser) -> dict[str, argparse.Action]:
    return {option: action for action in parser._actions for option in action.option_strings}


def _command(parser: Parser, session: Session, words: list[str], prefix: str) -> Iterator[Candidate]:
    found = _value_of_option(parser, session, words, prefix)
    if found is not None:
        yield from found
        return
    if not prefix.startswith("-"):
        given = _positionals(words, _by_name(parser))
        actions = parser._get_positional_actions()
        if actions and (given < len(actions) or actions[-1].nargs == "*"):
            yield from _values(actions[min(given, len(actions) - 1)], parser, session, prefix)
            return
        words = with_names(parser, words)
        bare = bare_option(parser)
        if bare is not None and bare in _open_options(parser, words):
            yield from _values(bare, parser, session, prefix)
    yield from _options(parser, words)
    if prefix.startswith("-"):
        yield from _global()


def _options(parser: Parser, words: list[str]) -> Iterator[Candidate]:
    for action in _open_options(parser, words):
        # Required ones first: they are what is to be written.
        yield action.option_strings[-1], explain(parser, action)


def _open_options(parser: Parser, words: list[str]) -> list[argparse.Action]:
    """Those that may be given now."""
    used = {word.partition("=")[0] for word in words}
    found = []
    for action in parser._actions:
        again = isinstance(action, argparse._AppendAction)
        hidden = action.help is argparse.SUPPRESS or isinstance(action, argparse._HelpAction)
        if action.option_strings and not hidden and (again or not used & set(action.option_strings)):
            found.append(action)
    return found


def _positionals(words: Sequence[str], options: dict[str, argparse.Action]) -> int:
    """How many words are no options and no values of options."""
    found, skip = 0, False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-") and word != "-":
            action = options.get(word)
            skip = action is not None and action.nargs is None and action.const is None
        else:
            found += 1
    return found


def _global() -> Iterator[Candidate]:
    return ((option, about) for option, about in global_options.HELP.items() if option.startswith("--"))


def _values(action: argparse.Action, parser: Parser, session: Session, prefix: str) -> list[Candidate]:
    """Values of an option, or words of a positional argument."""
    if action.choices is not None:
        return [(str(choice), "") for choice in action.choices]
    if hints := getattr(action, "hints", None):
        before, comma, _ = prefix.rpartition(",") if getattr(action, "several", False) else ("", "", "")
        return [(f"{before}{comma}{hint}", "") for hint in hints if hint not in before.split(",")]
    key = action.option_strings[-1] if action.option_strings else action.dest
    if action.nargs == "?" and key not in values.BY_NAME:
        return [("true", ""), ("false", "")]
    find: Callable[[Session, argparse.ArgumentParser, str], list[Candidate]] | None = values.BY_NAME.get(key)
    return find(session, parser, prefix) if find is not None else []
