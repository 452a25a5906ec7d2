"""Values of options that need not stand on the command line themselves.

Of an option whose field is secret (metadata `secret`), or whose text may be long (metadata `read_file`):

VALUE        itself; visible in the process list while the command runs
@FILE        read now from a file
-            read now: a secret is asked for on a terminal, else standard input
\\…           the value that follows the backslash, where a value itself begins with one of these

Of a secret also:

env:NAME     a reference: read from the environment of the delivering process at each opening of a channel
file:PATH    a reference: read from a file there

Where secrets stand within the JSON of an option, its texts in their places are taken as those of a secret are.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from pulp_events.errors import SettingsError
from pulp_events.settings.paths import expand
from pulp_events_cli import paths
from pulp_events_cli.errors import UsageError

_AFTERWARDS = "prefix a literal value that starts this way with \\"
SECRET_HELP = f"@FILE or - is read now, env:NAME or file:PATH at each delivery; {_AFTERWARDS}"
SECRET_WITHIN_HELP = f'@FILE or - is read now, "env:NAME" or "file:PATH" in the JSON at each delivery; {_AFTERWARDS}'
READ_FILE_HELP = f"@FILE or - is read now; {_AFTERWARDS}"

_READ_NOW = ("@", "\\")
_SECRET = ("@", "env:", "file:", "\\")


def help_of(metadata: Mapping[str, Any]) -> str:
    """How values of a field with this metadata may be given; empty if only as themselves."""
    if metadata.get("secret"):
        return SECRET_HELP
    if metadata.get("secret_within"):
        return SECRET_WITHIN_HELP
    return READ_FILE_HELP if metadata.get("read_file") else ""


def literal(text: str, metadata: Mapping[str, Any]) -> str:
    """What is written for `text` itself, so that it is neither read from somewhere nor taken for a reference."""
    special = _SECRET if metadata.get("secret") else _READ_NOW if metadata.get("read_file") else ()
    return f"\\{text}" if special and (text == "-" or text.startswith(special)) else text


class OptionReader:
    """Reads the values of one command line; standard input can give only one."""

    def __init__(self) -> None:
        self._stdin_taken_by: str | None = None

    def read(self, option: str, text: str, metadata: Mapping[str, Any]) -> Any:
        """The value or reference that `text` stands for, for a field with this metadata.

        Raises UsageError, never with the value in it.
        """
        if metadata.get("secret"):
            return self._secret(option, text)
        return self._text(option, text, _READ_NOW, hidden=False) if metadata.get("read_file") else text

    def _secret(self, option: str, text: str) -> Any:
        kind, colon, name = text.partition(":")
        if colon and kind in ("env", "file"):
            if not name:
                raise UsageError(f"{option} {text}: the name is missing; write {option}={kind}:NAME")
            return {f"${kind}": name if kind == "env" else _absolute(option, name)}
        return self._text(option, text, _SECRET, hidden=True)

    def _text(self, option: str, text: str, special: tuple[str, ...], hidden: bool) -> str:
        if text == "-":
            return self._read_now(option, hidden)
        if text.startswith("\\") and (text[1:] == "-" or text[1:].startswith(special)):
            return text[1:]
        return _read_file(option, text[1:]) if text.startswith("@") else text

    def _read_now(self, option: str, hidden: bool) -> str:
        if self._stdin_taken_by is not None:
            raise UsageError(f"{self._stdin_taken_by} and {option} both read standard input; use @FILE for one of them")
        self._stdin_taken_by = option
        if sys.stdin is None:
            raise UsageError(f"{option} -: standard input is closed; use {option}=@FILE")
        if hidden and sys.stdin.isatty():
            import getpass

            try:
                value = getpass.getpass(f"{option.lstrip('-').replace('-', ' ').capitalize()}: ")
            except EOFError:
                value = ""
        else:
            try:
                value = _without_line_break(sys.stdin.read())
            except UnicodeDecodeError:
                raise UsageError(f"{option} -: standard input is not UTF-8 text") from None
        if not value:
            raise UsageError(f"{option} -: nothing was given on standard input")
        return value


def _read_file(option: str, name: str) -> str:
    try:
        return _without_line_break(expand(name).read_text("utf-8"))
    except (OSError, ValueError, SettingsError) as error:
        reason = "not UTF-8 text" if isinstance(error, ValueError) else getattr(error, "strerror", None) or error
        raise UsageError(
            f"{option}: cannot read the file named after @: {reason}; write a value that itself begins with @ as \\@…"
        ) from None


def _absolute(option: str, name: str) -> str:
    # A worker that reads it later runs elsewhere, perhaps as somebody else.
    return str(paths.absolute(option, name))


def _without_line_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
