"""`--columns` and `--sort`, of every command that prints a table."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pulp_events.system.suggestion import did_you_mean
from pulp_events_cli.errors import UsageError
from pulp_events_cli.parser.once import Once

if TYPE_CHECKING:
    from pulp_events_cli.output.table import Column, Table
    from pulp_events_cli.parser.parser import Parser


class ColumnsOption(Once):
    """Its value is a list of words, separated by commas, of which the shell completes the last."""

    hints: tuple[str, ...] = ()
    several = True


class SortOption(Once):
    """Its value may begin with `-`, also as a word of its own."""

    hints: tuple[str, ...] = ()
    dashed = True


def add_table(parser: Parser, table: Table, paged: bool = False, or_table: str = "") -> None:
    """Add the options. `paged`: the list has `--limit`. `or_table`: what a table of it is, if another layout is usual:
    `--table` asks for it, and `--columns` does."""
    known = tuple(table.columns)
    usual = table.chosen(None)
    more = [each for each in table.columns.values() if each.extra]
    also = f"; there are also {_names(more)}" if more else ""
    columns: Any = parser.add_argument(
        "--columns",
        action=ColumnsOption,
        type=_columns(known),
        metavar="NAMES",
        help=f"columns to show, separated by commas; default: {_names(usual)}{also}",
    )
    if or_table:
        parser.add_argument("--table", action="store_true", help=f"show {or_table}")
    page = "what is listed (--limit and --before choose that first) " if paged else ""
    order: Any = parser.add_argument(
        "--sort",
        action=SortOption,
        type=_order(known),
        metavar="NAME",
        help=f"sort {page}by this column; -NAME: in descending order",
    )
    columns.hints = known
    order.hints = (*known, *(f"-{name}" for name in known))


def check_json(arguments: argparse.Namespace) -> None:
    """Raise UsageError if columns are chosen for a program: the keys of `--json` are a promise."""
    if arguments.json and getattr(arguments, "columns", None) is not None:
        raise UsageError("--columns chooses what people see, --json prints all there is; leave one of them out")


def _names(columns: Iterable[Column]) -> str:
    return ", ".join(each.name for each in columns)


def _columns(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        names = [_known(part, known) for part in text.split(",") if part.strip()]
        if not names:
            raise argparse.ArgumentTypeError(f"is empty; the names are {', '.join(known)}")
        return list(dict.fromkeys(names))

    return read


def _order(known: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        minus = "-" if text.startswith("-") else ""
        return minus + _known(text.removeprefix("-"), known)

    return read


def _known(text: str, known: tuple[str, ...]) -> str:
    name = text.strip().lower().replace("-", "_").replace(" ", "_")
    if name not in known:
        hint = did_you_mean(name, known)
        raise argparse.ArgumentTypeError(
            f"{text.strip()!r:.40} is not the name of a column{hint}{' ' if hint else '; '}they are {', '.join(known)}"
        )
    return name
