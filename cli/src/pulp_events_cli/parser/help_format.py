"""Help in the layout of the user guide: sections list what they hold, commands describe their arguments.

The guide's lines set the columns: names are padded to the longest of their group, and whatever a later release adds
with a longer name stands in a group of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

from pulp_events.visible import one_line
from pulp_events_cli.parser.described import ARGUMENTS, COMMANDS, SECTIONS, Described

WIDTH = 80
"""Columns, where the terminal does not say otherwise."""
_LIMITS = (50, 100)
_GROUPS_OF_ARGPARSE = ("positional arguments", "options", "optional arguments", None)


def format_help(parser: Described) -> str:
    """The help text of a section or command."""
    lines = _section(parser) if parser.commands is not None else _command(parser)
    return "\n".join([*lines, ""])


def width() -> int:
    """Columns to wrap at: $COLUMNS, else the terminal's, else 80; neither very narrow nor very wide."""
    try:
        columns = int(os.environ.get("COLUMNS", "")) or WIDTH
    except ValueError:
        try:
            columns = os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH
        except (OSError, ValueError, AttributeError):  # no terminal; closed
            columns = WIDTH
    return max(_LIMITS[0], min(columns, _LIMITS[1]))


def _section(parser: Described) -> list[str]:
    assert parser.commands is not None
    named = {name: found for name, found in parser.commands.choices.items() if isinstance(found, Described)}
    what = "[SUB_SECTION, ..] COMMAND" if any(_is_section(found) for found in named.values()) else "COMMAND"
    if parser.get_default("run") is not None:
        what = f"[{what}]"
    lines = [f"Usage: {parser.usage_name or parser.prog} {what}", *_wrap("Description: ", _description(parser))]
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, found in sorted(named.items()):
        heading = found.group or (SECTIONS if _is_section(found) else COMMANDS)
        groups.setdefault(heading, []).append((name, found.summary))
    order = [SECTIONS, COMMANDS]
    for heading in sorted(groups, key=lambda heading: order.index(heading) if heading in order else len(order)):
        lines += ["", f"{heading}:", *_entries(groups[heading])]
    if parser.epilog:
        lines += ["", *_wrap("", parser.epilog)]
    for heading, actions in argument_groups(parser):
        lines += ["", f"{heading}:", *_entries([(invocation(action), explain(parser, action)) for action in actions])]
    return lines


def _command(parser: Described) -> list[str]:
    lines = [f"Command: {parser.name}", *_wrap("Description: ", _description(parser))]
    positionals = parser._get_positional_actions()
    if positionals:
        words = " ".join(_placeholder(action) for action in positionals)
        lines.append(f"Usage: {parser.prog} {words} [OPTIONS]")
    for heading, actions in argument_groups(parser):
        entries = [(invocation(action), explain(parser, action)) for action in actions]
        lines += ["", f"{heading}:", "", *_entries(entries)]
    if parser.epilog:
        lines += ["", *(line for part in parser.epilog.split("\n") for line in _wrap("", part))]
    lines += ["", "Global arguments, see `pulp-admin --help`: --config FILE, --json, -v, …"]
    return lines


def _description(parser: Described) -> str:
    return parser.description or parser.summary or parser.name


def _is_section(parser: Described) -> bool:
    parser.fill()
    return parser.commands is not None


def argument_groups(parser: Described) -> Iterable[tuple[str, list[argparse.Action]]]:
    """Each heading of a help text with the arguments below it."""
    merged: dict[str, list[argparse.Action]] = {}
    for group in parser._action_groups:
        heading = ARGUMENTS if group.title in _GROUPS_OF_ARGPARSE else str(group.title)
        shown = [
            action
            for action in group._group_actions
            if action.help is not argparse.SUPPRESS
            and not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
        ]
        merged.setdefault(heading, []).extend(shown)
    return [(heading, actions) for heading, actions in merged.items() if actions]


def invocation(action: argparse.Action) -> str:
    """How an argument is named: `-v, --verbose`, or a placeholder such as `[ID ...]`."""
    return ", ".join(action.option_strings) if action.option_strings else _placeholder(action)


def _placeholder(action: argparse.Action) -> str:
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return {"?": f"[{name}]", "*": f"[{name} ...]"}.get(str(action.nargs), name)


def explain(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """The help text of an argument: what argparse would say, `(required)` before it where it is."""
    text = parser._get_formatter()._expand_help(action) if action.help else ""
    if getattr(action, "bare", False):
        text = f"{text}; `{action.option_strings[-1]}=` may be left out"
    required = action.required and bool(action.option_strings)
    return f"(required) {text}".rstrip() if required else text


def _entries(entries: Iterable[tuple[str, str]]) -> list[str]:
    entries = list(entries)
    widest = max(len(name) for name, _ in entries)
    lines = []
    for name, text in entries:
        lines += _wrap(f"  {name:<{widest}} - ", text)
    return lines


def _wrap(start: str, text: str) -> list[str]:
    """`start` and `text`, wrapped so that the following lines begin below the text."""
    import textwrap

    indent = " " * len(start)
    wrapped = textwrap.wrap(
        one_line(text),
        width=max(width(), len(start) + 20),
        initial_indent=start,
        subsequent_indent=indent if len(start) < width() // 2 else "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped or [start.rstrip(" -")]
