"""pulp-admin(1) and a page for each section and command below it, from the parsers."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from argparse_manpage.manpage import Manpage, _ManpageFormatter, _markup  # type: ignore[import-untyped]

from pulp_events.visible import one_line
from pulp_events_cli.manual import notes, roff
from pulp_events_cli.parser.described import ARGUMENTS, COMMANDS, SECTIONS
from pulp_events_cli.parser.help_format import explain
from pulp_events_cli.parser.parser import Parser

_DATA = {"project_name": "pulp-events", "manual_title": "Pulp manual", "manual_section": 1, "date": roff.DATE}
_TITLE = 30
"""Longest title that fits twice into the head of a page."""


def page(parser: Parser) -> str:
    """The manual page of one section or command."""
    parser.complete()
    data = {**_DATA, "version": version("pulp-events-cli"), "description": parser.description or parser.summary}
    manual = Manpage(parser, _data=data)
    manual.prog = parser.prog.replace(" ", "-")
    manual.synopsis = _synopsis(parser)
    manual.mf = _PageFormatter(parser)
    text = str(manual)
    if len(manual.prog) > _TITLE:
        text = text.replace(f".TH {_markup(manual.prog.upper())} ", f".TH {_markup(_title(parser))} ", 1)
    text = text.replace(_markup(roff.DATE), roff.DATE, 1)
    head, found = _by_heading(_short_lines(_without_empty_lines(text).rstrip("\n").split("\n")))
    for heading, lines in notes.sections(parser).items():
        found.setdefault(heading, []).extend(lines)
    order = {heading: number for number, heading in enumerate(notes.ORDER)}
    for heading in sorted(found, key=lambda heading: order.get(heading, -1)):
        head += [f".SH {heading}", *found[heading]]
    return "\n".join(head) + "\n"


def _title(parser: Parser) -> str:
    """As many of the last words as fit: those tell one page from another."""
    words = parser.prog.upper().split()
    titles = ("-".join(words[first:]) for first in range(len(words)))
    return next((each for each in titles if len(each) <= _TITLE), words[-1][:_TITLE])


def _by_heading(lines: Iterable[str]) -> tuple[list[str], dict[str, list[str]]]:
    """What stands above the first heading, and heading → lines: no heading stands twice."""
    head: list[str] = []
    found: dict[str, list[str]] = {}
    current = head
    for line in lines:
        if line.startswith(".SH "):
            heading = line.removeprefix(".SH ")
            current = found.setdefault(notes.NOTES if heading == "COMMENTS" else heading, [])
        else:
            current.append(line)
    return head, found


def _short_lines(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield from [line] if line.startswith(".") else roff.wrapped(line)


def _page_name(parser: Parser) -> str:
    return str(_markup(parser.prog.replace(" ", "-")))


def walk(parser: Parser) -> Iterator[Parser]:
    """The parser and all below it."""
    parser.complete()
    yield parser
    for _, command in commands(parser):
        yield from walk(command)


def commands(parser: Parser) -> list[tuple[str, Parser]]:
    """Name and parser of each command of a section, in the order of their names."""
    choices: dict[str, Any] = {} if parser.commands is None else dict(parser.commands.choices)
    return [(name, found) for name, found in sorted(choices.items()) if isinstance(found, Parser)]


def _synopsis(parser: Parser) -> list[str]:
    if parser.commands is not None:
        words = ["COMMAND"] if parser.get_default("run") is None else ["[COMMAND]", "[OPTIONS]"]
    else:
        options = [action for action in parser._actions if action.option_strings and action.help != argparse.SUPPRESS]
        words = [
            f"{_markup(action.option_strings[-1])} {action.metavar or action.dest.upper()}"
            for action in options
            if action.required
        ]
        words += [str(action.metavar or action.dest.upper()) for action in parser._get_positional_actions()]
        words += ["[OPTIONS]"]
    return [parser.prog, *words]


class _PageFormatter(_ManpageFormatter):  # type: ignore[misc]
    """A section's page lists its commands and says where they are described, in place of describing them."""

    def __init__(self, parser: Parser) -> None:
        super().__init__(parser.prog, parser._get_formatter(), format="pretty")
        self._parser = parser

    @staticmethod
    def format_text(text: str) -> str:
        """Text that roff prints as it is: no line of it is taken for a request, none is indented."""
        lines = (one_line(line) for line in _ManpageFormatter.format_text(text).split("\n"))
        return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)

    def _format_action(self, action: argparse.Action) -> list[str]:
        return [".TP", self._format_action_invocation(action), self.format_text(explain(self._parser, action)) or r"\&"]

    def _format_action_group(self, action_group: Any, subcommand: str | None = None) -> list[str]:
        if action_group.title in ("positional arguments", "options", "optional arguments"):
            action_group.title = ARGUMENTS
        lines: list[str] = super()._format_action_group(action_group, subcommand)
        return lines

    def _format_subparsers(self, action_group: Any, action: Any, subcommand: str | None = None) -> list[str]:
        lines = []
        groups: dict[str, list[Parser]] = {}
        for _, parser in sorted(action.choices.items()):
            if isinstance(parser, Parser):
                parser.complete()
                heading = parser.group or (COMMANDS if parser.commands is None else SECTIONS)
                groups.setdefault(heading, []).append(parser)
        for heading in sorted(groups, key=lambda heading: heading != SECTIONS):
            lines.append(f".SH {heading.upper()}")
            for parser in groups[heading]:
                summary = self.format_text(parser.summary) or r"\&"
                lines += [".TP", rf"\fB{parser.name}\fR", summary, ".br", rf"See \fB{_page_name(parser)}\fR(1)."]
        return lines


def _without_empty_lines(text: str) -> str:
    # An empty line is a request for vertical space, which the macros make themselves.
    return re.sub(r"\n{2,}", "\n", text)
