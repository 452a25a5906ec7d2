"""What a manual page says beyond the command's help: exit status, signals, environment, files, examples.

What is true of every command, and of sections, is here; what is of one command, in `pages/`, in a file with the name of
its page:

    [EXIT STATUS]
    3  something was found
    [EXAMPLES]
    A sentence, and below it what is typed, and what is then printed, if that is shown:

        $ pulp-admin event types

The examples are run by the tests. `TYPE` in a file's name and text stands for each notifier type.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.resources import files

from pulp_events.settings.server_conf import DEFAULT_PATH, ENVIRONMENT_VARIABLE
from pulp_events_cli.manual import roff
from pulp_events_cli.parser.parser import Parser

EXIT, SIGNALS, ENVIRONMENT, FILES, NOTES, EXAMPLES = (
    "EXIT STATUS", "SIGNALS", "ENVIRONMENT", "FILES", "NOTES", "EXAMPLES",
)  # fmt: skip
SEE_ALSO = "SEE ALSO"
ORDER = (EXIT, SIGNALS, ENVIRONMENT, FILES, NOTES, EXAMPLES, SEE_ALSO)
"""Of the headings at the end of a page, as man-pages(7) has it."""

Terms = dict[str, str]

_EXIT: Terms = {
    "0": "done",
    "1": "the operation failed; a line on standard error says why, and what to do",
    "2": "the command line is wrong",
}
_CONFIG: Terms = {
    ENVIRONMENT_VARIABLE: f"the server.conf to read, unless `--config` names one; default: {DEFAULT_PATH}"
}
_SHOWN: Terms = {
    "NO_COLOR": "if set and not empty: no colours on a terminal",
    "COLUMNS": "width of help texts, tables and sentences on a terminal; default: that of the terminal",
}
_ENVIRONMENT: Terms = {
    **_CONFIG,
    "PULP_EVENTS_BLOCK": "names of plugins not to load, separated by commas",
    **_SHOWN,
}
_FILES: Terms = {
    str(DEFAULT_PATH): "settings, see `pulp-events.conf`(5)",
    "data_dir": "the folder that this setting of `[events]` names: listeners.json and outbox.sqlite",
}
_HELP = """\
What this page says, in short:

    $ {} --help
"""
"""The example of sections, and of plugins' commands that bring none."""
_ROOT: dict[str, Terms] = {
    EXIT: {**_EXIT, "3": "done, and what was looked for was found; only where the command's page says so"},
    ENVIRONMENT: _ENVIRONMENT,
    FILES: _FILES,
}


def sections(parser: Parser) -> dict[str, list[str]]:
    """Heading → lines of roff, of a section or command."""
    lines = {
        heading: [line for name, text in found.items() for line in roff.term(name, text)]
        for heading, found in terms(parser).items()
    }
    shown = examples(parser) or _HELP.format(parser.prog)
    lines[EXAMPLES] = roff.paragraphs(shown)[1:]  # .PP below a heading does nothing
    lines[SEE_ALSO] = [", ".join(_see_also(parser.prog.split()))]
    return lines


def terms(parser: Parser) -> dict[str, Terms]:
    """Heading → what there is below it, such as the exit codes, each with its meaning."""
    own = _own(parser)
    found: dict[str, Terms] = {}
    if parser.commands is not None and parser.get_default("run") is None:
        found = dict(_ROOT)  # a section: what holds for its commands
    else:
        found = {EXIT: _EXIT, ENVIRONMENT: {**_CONFIG, **_SHOWN}, FILES: _FILES}
    all_of = {}
    for heading in ORDER:
        here = {**found.get(heading, {}), **_terms(own.get(heading, "") if heading != EXAMPLES else "")}
        if here:
            all_of[heading] = dict(sorted(here.items())) if heading == EXIT else here
    return all_of


def examples(parser: Parser) -> str:
    """Sentences, and indented below them what is typed and printed; empty where there are none."""
    return _own(parser).get(EXAMPLES, "")


def _own(parser: Parser) -> dict[str, str]:
    parser.complete()
    words = parser.prog.split()
    folder = files("pulp_events_cli.manual") / "pages"
    text = folder / f"{'-'.join(words)}.txt"
    of_type = words[1:3] == ["event", "listener"] and len(words) == 5
    if not text.is_file() and of_type:
        text = folder / f"{'-'.join([*words[:3], 'TYPE', *words[4:]])}.txt"
    if not text.is_file():
        return {EXAMPLES: parser.examples} if parser.examples.strip() else {}
    content = text.read_text("utf-8")
    if of_type:
        options = _required(parser) if "OPTIONS" in content else ""
        if options is None:
            return {}
        content = content.replace("TYPE", words[3]).replace(" OPTIONS", f" {options}".rstrip())
    parts = re.split(r"^\[([A-Z ]+)\]\n", content, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _required(parser: Parser) -> str | None:
    """The options that a notifier requires, with the examples that its schema has; None if it has not one of each."""
    found = []
    for action in parser._actions:
        if action.required and action.dest != "event_type":
            example = getattr(action, "example", None)
            if not isinstance(example, str):
                return None
            found.append(f"{action.option_strings[-1]}={shlex.quote(example)}")
    return " ".join(found)


def _terms(text: str) -> Terms:
    """`name  meaning` in each line."""
    return {name: meaning for line in text.splitlines() for name, _, meaning in [line.partition("  ")] if name}


def _see_also(words: list[str]) -> Iterator[str]:
    if len(words) > 1:
        above = [words[:end] for end in range(len(words) - 1, 0, -1)]
        yield from (rf"\fB{roff.escape('-'.join(each))}\fR(1)" for each in above)
    yield r"\fBpulp\-events.conf\fR(5)"
    if len(words) == 1:
        yield r"\fBpulp\-events\-notifier\fR(7)"
