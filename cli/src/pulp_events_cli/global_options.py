"""Options that every command takes, before or after the words of the command.

They are taken out of the command line first: which parsers there are depends on some of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from pulp_events_cli.errors import UsageError

HELP = {
    "--config": "server.conf to read; default: $PULP_EVENTS_CONFIG, else /etc/pulp/server.conf",
    "--json": "print JSON for programs to read, with times in UTC; --json=1 asks for this version of the format",
    "--json-schema": "print the JSON Schema of what --json prints, and exit",
    "--no-plugins": "start without plugins, to repair what one of them broke",
    "--quiet": "or -q: print errors and requested output only; no confirmations, hints, warnings or progress",
    "-v": "print more to standard error; -vv also shows where an error occurred",
    "--version": "print the version and exit",
    "--man-pages": "write the manual pages of all commands into a directory and exit",
}
"""Option → what it does, in the order of help texts."""

JSON_VERSION = "1"
"""Version of what `--json` prints; docs/json-output.md says what may change within one."""

METAVARS = {"--config": "FILE", "--man-pages": "DIRECTORY"}

FLAGS = {
    "--json": "json",
    "--json-schema": "json_schema",
    "--no-plugins": "no_plugins",
    "--quiet": "quiet",
    "-q": "quiet",
    "--version": "version",
    "--verbose": "verbose",
}
OWN = {"--json-schema": ["event", "types"]}
"""Options that mean something else after the words of a command: `event types --json-schema` is of event types."""
VALUES = {"--config": "config", "--man-pages": "man_pages"}

RESERVED = frozenset([*FLAGS, *VALUES, "--help"])
"""Option strings that no command can have as its own."""


class GlobalOptions:
    """What the global options said."""

    def __init__(self) -> None:
        self.config: str | None = None
        self.json = False
        self.json_schema = False
        self.quiet = False
        self.no_plugins = False
        self.verbose = 0
        self.version = False
        self.man_pages: str | None = None


def extract(argv: Sequence[str]) -> tuple[GlobalOptions, list[str]]:
    """The global options in `argv`, and what is left of it. Raises UsageError.

    >>> options, rest = extract(["event", "--json", "types", "-vv"])
    >>> options.json, options.verbose, rest
    (True, 2, ['event', 'types'])
    """
    options = GlobalOptions()
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif word[:2] == "-v" and not word[1:].strip("v"):
            options.verbose += len(word) - 1
        elif name == "--json" and equals:
            if value != JSON_VERSION:
                raise UsageError(f"--json={value:.20}: the only version is {JSON_VERSION}; write --json")
            options.json = True
        elif name in FLAGS and OWN.get(name) != [each for each in rest if not each.startswith("-")]:
            if equals:
                raise UsageError(f"{name} takes no value; write {name} alone")
            setattr(options, FLAGS[name], getattr(options, FLAGS[name]) + 1 if name == "--verbose" else True)
        elif name in VALUES:
            value = value if equals else next(words, "")
            if not value:
                raise UsageError(f"{name} needs a value; write {name}={METAVARS[name]}")
            setattr(options, VALUES[name], value)
        else:
            rest.append(word)
    return options, rest
