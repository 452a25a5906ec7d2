"""A page for `pulp-admin`, and for each section and command below it, from the parsers, as the manual pages are."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator

from sections import contents

from pulp_events_cli.global_options import GlobalOptions
from pulp_events_cli.manual import notes
from pulp_events_cli.manual.command_page import commands, walk
from pulp_events_cli.parser import root
from pulp_events_cli.parser.help_format import argument_groups, explain, invocation
from pulp_events_cli.parser.parser import Parser
from pulp_events_cli.session import Session

WIDTH = 60
"""Columns of a synopsis, which a reader on a narrow screen sees without scrolling far."""
MARKUP = re.compile(r"([\\*_<>\[\]{}|~$#])")


def pages() -> dict[str, str]:
    """Name of each page → its text; those of the installed plugins' commands included."""
    everything = root.build(Session(GlobalOptions()))
    return {f"{page_name(parser)}.md": "\n".join(_lines(parser)) for parser in walk(everything)}


def page_name(parser: Parser) -> str:
    """`cli/pulp-admin-event-emit`"""
    return f"cli/{parser.prog.replace(' ', '-')}"


def _lines(parser: Parser) -> Iterator[str]:
    below = [command for _, command in commands(parser)]
    yield from (f"# {parser.prog}", "", plain(_sentence(parser.description or parser.summary)), "")
    yield from ("```text", *_wrapped(_synopsis(parser)), "```", "")
    if below:
        yield from ("## Commands", "")
        yield from (
            f"- [{each.name}]({page_name(each).removeprefix('cli/')}.md): {plain(each.summary)}" for each in below
        )
        yield ""
    yield from (f"```{{program}} {parser.prog}", "```", "")
    for heading, actions in argument_groups(parser):
        yield from (f"## {heading}", "")
        for action in actions:
            yield from _argument(parser, action)
    for heading, terms in notes.terms(parser).items():
        yield from (f"## {heading.capitalize()}", "")
        yield from (*(f"- `{name}`: {plain(text)}" for name, text in terms.items()), "")
    if shown := notes.examples(parser):
        yield from ("## Examples", "", *_examples(shown), "")
    if below:
        yield contents([f"{each.name} </{page_name(each)}>" for each in below])


def _synopsis(parser: Parser) -> list[str]:
    if parser.commands is not None and parser.get_default("run") is None:
        return [parser.prog, "COMMAND"]
    options = [action for action in parser._actions if action.option_strings and action.required]
    words = [f"{invocation(action)}={_value(action)}" for action in options]
    return [parser.prog, *words, *map(invocation, parser._get_positional_actions()), "[OPTIONS]"]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", ":")) else ".") * bool(text)


def _wrapped(words: list[str]) -> Iterator[str]:
    """The words in lines, indented but for the first."""
    line = ""
    for word in words:
        if line and len(line) + len(word) >= WIDTH:
            yield line
            line = "   "
        line += f" {word}" if line else word
    yield line


def _argument(parser: Parser, action: argparse.Action) -> Iterator[str]:
    text = plain(explain(parser, action))
    if action.option_strings:
        value = f" {_value(action)}" if action.nargs != 0 else ""
        yield from (f"```{{option}} {invocation(action)}{value}", text, "```", "")
    else:
        yield from (f"`{invocation(action)}`", f": {text}", "")


def _value(action: argparse.Action) -> str:
    return action.metavar if isinstance(action.metavar, str) else action.dest.upper()


def _examples(text: str) -> Iterator[str]:
    """Sentences, and what is indented below them as blocks of a console."""
    for part in re.split(r"\n\s*\n(?=\S)|(?<=\S)\n\s*\n(?=    )", text.strip("\n")):
        yield from ("```console", textwrap.dedent(part), "```", "") if part.startswith("    ") else (plain(part), "")


def plain(text: str) -> str:
    """Text whose characters stand for themselves in Markdown, but for `code`."""
    parts = re.split(r"(``?[^`]+``?)", text)
    return "".join(part if index % 2 else MARKUP.sub(r"\\\1", part) for index, part in enumerate(parts))
