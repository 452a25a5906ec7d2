"""Values of secret options: given themselves, read now, or referred to.

VALUE        itself; visible in the process list while the command runs
@FILE        read now from a file
-            read now: asked for on a terminal, else standard input
env:NAME     a reference: read from the environment of the delivering process at each opening of a channel
file:PATH    a reference: read from a file there
\\…           the value that follows the backslash, where a value itself begins with one of these
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pulp_events_cli.errors import UsageError

HELP = "@FILE or - reads it now, env:NAME or file:PATH is read at each delivery; \\ before a value that begins so"

_SPECIAL = ("@", "env:", "file:", "\\")


class SecretReader:
    """Reads the secret values of one command line; standard input can give only one."""

    def __init__(self) -> None:
        self._stdin_taken_by: str | None = None

    def read(self, option: str, text: str) -> Any:
        """The value or reference that `text` stands for. Raises UsageError, never with the value in it."""
        if text == "-":
            return self._read_now(option)
        if text.startswith("\\") and (text[1:] == "-" or text[1:].startswith(_SPECIAL)):
            return text[1:]
        if text.startswith("@"):
            return _read_file(option, text[1:])
        kind, colon, name = text.partition(":")
        if colon and kind in ("env", "file"):
            if not name:
                raise UsageError(f"{option} {text}: a name is missing; write {option}={kind}:NAME")
            return {f"${kind}": name if kind == "env" else _absolute(name)}
        return text

    def _read_now(self, option: str) -> str:
        if self._stdin_taken_by is not None:
            raise UsageError(f"{self._stdin_taken_by} and {option} both read standard input; use @FILE for one of them")
        self._stdin_taken_by = option
        if sys.stdin is None:
            raise UsageError(f"{option} -: standard input is closed; use {option}=@FILE")
        if sys.stdin.isatty():
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
        return _without_line_break(Path(name).expanduser().read_text("utf-8"))
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UsageError(
            f"{option}: cannot read the file that is named after @: {reason}; "
            "a value that itself begins with @ is written \\@…"
        ) from None


def _absolute(name: str) -> str:
    # A worker that reads it later runs elsewhere, perhaps as somebody else.
    try:
        return str(Path(name).expanduser().absolute())
    except RuntimeError:
        return name


def _without_line_break(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")
