"""What every command that lists something ends with: sorted, as JSON, as a table, or a word on why it is empty."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pulp_events_cli.errors import DONE
from pulp_events_cli.output import streams
from pulp_events_cli.output.records import lines_of, print_json
from pulp_events_cli.output.table import Table, fill_in
from pulp_events_cli.output.terminal import is_terminal

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus


def show_list(
    table: Table,
    bus: EventBus | None,
    rows: Iterable[Any],
    arguments: argparse.Namespace,
    for_json: Callable[[Any], Any],
    nothing: str | None = None,
    instead: Callable[[Sequence[Any]], None] | None = None,
    filters: bool = True,
) -> int:
    """Print the rows; returns the exit code.

    `instead` prints them if nobody asks for a table, where another layout is usual. If there are none, that is said:
    `nothing` in place of `there are no …`; and that no options left them out, with `filters=False`: there are none.
    """
    found = sort(table, bus, rows, arguments)
    if arguments.json:
        print_json([for_json(each) for each in found])
    elif found and instead is not None and not wants_table(arguments):
        instead(found)
    elif found:
        show(table, bus, found, arguments)
    else:
        say_none(table, arguments if filters else None, nothing)
    return DONE


def wants_table(arguments: argparse.Namespace) -> bool:
    """True if a list that is shown in another way was asked for as a table."""
    return arguments.columns is not None or arguments.table


def sort(table: Table, bus: EventBus | None, rows: Iterable[Any], arguments: argparse.Namespace) -> list[Any]:
    """The rows as `--sort` wants them."""
    return table.sort(rows, getattr(arguments, "sort", None), bus)


def show(table: Table, bus: EventBus | None, rows: Iterable[Any], arguments: argparse.Namespace | None = None) -> None:
    """Print the rows, with the columns that `--columns` names, to a terminal or a pipe."""
    names = getattr(arguments, "columns", None)
    filled = fill_in(table.chosen(names), rows, keep_empty=names is not None)
    if not filled:
        return
    if not is_terminal(sys.stdout):
        print("\n".join(lines_of([each.whole() for each in filled])))
        return
    from pulp_events_cli.output.columns_output import print_columns

    left_out = print_columns(filled, bus, chosen=names is not None)
    if names is not None and left_out:
        named = ", ".join(each.name for each in left_out)
        streams.warning(f"the terminal has no room for these columns: {named}")


def say_none(table: Table, arguments: argparse.Namespace | None, nothing: str | None = None) -> None:
    """Say on standard error that there are no rows, and which options of `arguments` let none through."""
    filters = "" if arguments is None else arguments.parser.filters_given(arguments.words)
    text = f"no {table.what} match {filters}" if filters else nothing or f"there are no {table.what}"
    streams.say("note", text)
