"""Refusals of the server as lines for people, in the words of the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import click
from pulp_glue.events.errors import FieldError, RequestRefused


class Refused(click.ClickException):
    """One `Error: …` line for each thing that is wrong."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines

    def show(self, file: IO[Any] | None = None) -> None:
        for line in self.lines:
            click.echo(f"Error: {line}", file=file or sys.stderr)


@contextmanager
def by_option(option_of: Callable[[tuple[str, ...]], tuple[str | None, tuple[str, ...]]]) -> Iterator[None]:
    """Name options where the server names fields. `option_of`: the option for a path, and what is left of the path."""
    try:
        yield
    except RequestRefused as error:
        raise Refused([_line(each, option_of) for each in error.errors]) from error


def _line(error: FieldError, option_of: Callable[[tuple[str, ...]], tuple[str | None, tuple[str, ...]]]) -> str:
    option, rest = option_of(error.path)
    if option is None:
        return str(error)
    inner = f" ({'.'.join(rest)})" if rest else ""
    return f"{option}{inner}: {error.message}"
