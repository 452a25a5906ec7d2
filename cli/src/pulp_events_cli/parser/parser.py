"""`Parser`: an ArgumentParser that is filled when it is used, prints the guide's help, and raises UsageError."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn

from pulp_events.system.suggestion import did_you_mean
from pulp_events_cli.errors import UsageError
from pulp_events_cli.parser.bare import with_names
from pulp_events_cli.parser.described import Described

GENERAL = "General Arguments"
OTHER_COMMANDS = "Other Commands"
PLUGINS = "Commands of Plugins"

Fill = Callable[["Parser"], None]


if TYPE_CHECKING:
    from pulp_events.deprecations import Deprecated

    _Commands = argparse._SubParsersAction["Parser"]
else:
    _Commands = argparse._SubParsersAction


class Commands(_Commands):
    """What `Parser.add_subparsers` returns: `add_parser` makes a section or command of the section it belongs to."""

    def add_parser(self, name: str, *, group: str | None = None, **kwargs: Any) -> Parser:
        """Add a command. `help`: its line in the section; `group`: heading under which that stands."""
        parser = super().add_parser(name, **kwargs)
        parser.summary = kwargs.get("help") or ""
        parser.group = group
        return parser


class Formatter(argparse.HelpFormatter):
    """argparse makes one for each argument that is added; without a width it imports shutil to ask for the terminal's.

    A plugin's help may have a % that is no placeholder of argparse, which refuses the argument from Python 3.14 on: the
    text is then taken as it is.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)

    def _expand_help(self, action: argparse.Action) -> str:
        try:
            return super()._expand_help(action)
        except (ValueError, TypeError, KeyError):
            return str(action.help)


class Parser(Described):
    """A section (has commands) or a command (has a default `run(bus, arguments) -> int`).

    Only what the words lead to is built. `fill` adds what belongs to the parser, and is called when it is first used.
    `offer` names a command of a section, whose parser is made when it is used or help is shown. `fill_rest` offers what
    plugins bring, and is called for help and for a word that is none of our own commands.
    """

    def __init__(self, *args: Any, fill: Fill | None = None, **kwargs: Any) -> None:
        # An abbreviation that works today would become ambiguous with the next option that a plugin brings.
        super().__init__(*args, **{"allow_abbrev": False, "formatter_class": Formatter, **kwargs})
        self.register("action", "parsers", Commands)
        self.commands: Commands | None = None
        self.explain_unknown: Callable[[str, str], str] | None = None
        """Makes the message for a word that is no command here, of the word and a `; did you mean …?`."""
        self.fill_for: Callable[[Sequence[str]], None] | None = None
        """Adds what depends on the words that are about to be parsed."""
        self._deprecated: dict[str, tuple[str, Deprecated]] = {}
        self._fill = fill
        self._fill_rest: Fill | None = None
        self._offers: dict[str, Callable[[], None]] = {}
        self.set_defaults(parser=self)

    def section(self) -> Commands:
        """Make this a section; the result takes its commands."""
        if self.commands is None:
            self.add_subparsers(metavar="COMMAND", parser_class=Parser)
        assert self.commands is not None
        return self.commands

    def add_subparsers(self, **kwargs: Any) -> Commands:  # type: ignore[override]
        """As argparse; the commands added are of this class."""
        # argparse would make the usage line of what stands before the commands, which is a slow way to `prog`.
        self.commands = super().add_subparsers(**{"prog": self.prog, **kwargs})  # type: ignore[assignment]
        return self.commands  # type: ignore[return-value]

    def offer(
        self, name: str, summary: str, fill: Fill | None = None, *, group: str | None = None, **defaults: Any
    ) -> None:
        """Make this a section with the command `name`. `defaults`: as for `set_defaults`."""
        commands = self.section()
        self._offers[name] = lambda: commands.add_parser(name, help=summary, fill=fill, group=group).set_defaults(
            **defaults
        )

    def add_deprecated(self, old: str, new: str, told: Deprecated) -> None:
        """Take the option `old` for `new`, which this parser has, with a warning; it is in no help."""
        self._deprecated[old] = new, told

    def fill_later(self, fill_rest: Fill) -> None:
        """Set what offers the commands that plugins bring."""
        self._fill_rest = fill_rest

    def fill(self) -> None:
        """Add what belongs to this parser itself."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)

    def command(self, name: str) -> Parser | None:
        """The parser of a command of this section; None if there is none of that name."""
        self.fill()
        if self.commands is None:
            return None
        if name in self._offers:
            self._offers.pop(name)()
        elif name not in self.commands.choices:
            self.complete()
        found: Any = self.commands.choices.get(name)
        return found if isinstance(found, Parser) else None

    def complete(self) -> None:
        """Add everything, and make the parsers of all commands."""
        self.fill()
        if self._fill_rest is not None:
            fill_rest, self._fill_rest = self._fill_rest, None
            self._accept()
            fill_rest(self)
        self._accept()

    def _accept(self) -> None:
        for name in list(self._offers):
            self._offers.pop(name)()

    def parse_known_args(  # type: ignore[override]
        self, args: Any = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        words = list(args)
        self.fill()
        if self._deprecated:
            from pulp_events_cli.parser.deprecated import as_now

            words = as_now(words, self._deprecated)
        words = self._with_dashed(words)
        if self.fill_for is not None:
            self.fill_for(words)
        words = with_names(self, words)
        self.set_defaults(words=words)
        if self.commands is None:
            self._refuse_unknown_option(words)
        else:
            self.command(next(iter(words), ""))
            # What a section itself takes may stand before a command, or without one.
            before = takewhile(lambda word: word not in self._offers and word not in self.commands.choices, words)
            self._refuse_unknown_option([*before] if words[:1] and words[0].startswith("-") else words[:1])
        return super().parse_known_args(words, namespace)

    def _with_dashed(self, words: Sequence[str]) -> list[str]:
        """The words, with a value that begins with `-` joined to its option: argparse takes `--sort -time` for two."""
        dashed = {name for name, action in self._option_string_actions.items() if getattr(action, "dashed", False)}
        found: list[str] = []
        for word in words:
            if found and found[-1] in dashed and word[:1] == "-" and word[:2] != "--":
                found[-1] += f"={word}"
            else:
                found.append(word)
        return found

    def filters_given(self, words: Sequence[str]) -> str:
        """The options in `words` that leave something out of a list, as they were written."""
        from pulp_events_cli.parser.given import filters_given

        return filters_given(self, words)

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse; raises UsageError."""
        namespace, extra = self.parse_known_args(words)
        if extra:
            namespace.parser._refuse_extra(extra)
        return namespace

    def format_help(self) -> str:
        from pulp_events_cli.parser.help_format import format_help  # only where help is shown

        self.complete()
        return format_help(self)

    def error(self, message: str) -> NoReturn:
        names = message.removeprefix("the following arguments are required: ")
        if names != message:
            message = f"{names} {'are' if ',' in names else 'is'} required"
        raise UsageError(f"{message}; see `{self.prog} --help`")

    @property
    def has_secrets(self) -> bool:
        """True if an option holds a secret: stray words may then be parts of one."""
        return any(getattr(action, "secret", False) for action in self._actions)

    def option_strings(self) -> Iterable[str]:
        """Every option of this parser, the global ones included."""
        from pulp_events_cli.global_options import HELP

        return [*self._option_string_actions, *(option for option in HELP if option.startswith("--"))]

    # argparse would report a missing option before the misspelt one that it is missing for, and echo values.

    def _refuse_unknown_option(self, words: Sequence[str]) -> None:
        for word in words:
            if word == "--":
                return
            name = word.partition("=")[0]
            if word.startswith("--") and " " not in name and name not in self._option_string_actions:
                from pulp_events_cli.parser.unknown import shown

                hint = did_you_mean(name, self.option_strings()) or f"; see `{self.prog} --help`"
                raise UsageError(f"unknown option {shown(name, self._secret_options())}{hint}")

    def _secret_options(self) -> list[str]:
        return [name for name, action in self._option_string_actions.items() if getattr(action, "secret", False)]

    def _refuse_extra(self, extra: Sequence[str]) -> NoReturn:
        options = [word.partition("=")[0] for word in extra if word.startswith("-") and word not in ("-", "--")]
        if self.has_secrets:
            what = "argument (not shown: it may be part of a secret)"
        else:
            what = f"option {options[0][:40]}" if options else f"argument {extra[0]!r:.60}"
        raise UsageError(f"unexpected {what}; quote values that have spaces, and see `{self.prog} --help`")

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if action.option_strings and action.nargs is None and arg_strings == ["--"]:
            # `--option=--`: argparse takes that for the end of options, and the value for an empty list.
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def _further_down(self, name: str) -> str:
        """A command or section of that name in a section of this one."""
        for section in [] if self.commands is None else list(self.commands.choices):
            found = self.command(section)
            if found is not None and (within := found.command(name)) is not None:
                return f"; did you mean `{within.prog}`?"
        return ""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, Commands) and value not in action.choices:
            hint = did_you_mean(value, action.choices)
            if self.explain_unknown is not None:
                raise UsageError(self.explain_unknown(value, hint))
            hint = hint or self._further_down(value) or f"; see `{self.prog} --help`"
            raise UsageError(f"unknown command {value!r:.60} of `{self.prog}`{hint}")
        if getattr(action, "secret", False):
            return
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            name = action.option_strings[-1] if action.option_strings else action.metavar or action.dest
            hint = did_you_mean(str(value), known)
            raise UsageError(f"argument {name}: {str(value)!r:.60} is not one of {', '.join(known)}{hint}")
