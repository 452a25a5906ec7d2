"""Tables and records on standard output: with colour and as wide as the terminal, or plain and always the same."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from pulp_events_cli.output import records
from pulp_events_cli.output.terminal import is_terminal

_WRAPPED = ("FINDING", "REASON")
_SHORTENED = {"DETAIL": 16, "TARGET": 16, "HOOKS": 16, "FINDING": 16, "REASON": 16}


def show_table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows in columns that nobody chooses or sorts by. `table.Table` is for lists."""
    from pulp_events_cli.output.listing import show
    from pulp_events_cli.output.table import Column, Table

    columns = [
        Column(heading, itemgetter(at), heading, least=_SHORTENED.get(heading), wraps=heading in _WRAPPED)
        for at, heading in enumerate(headings)
    ]
    show(Table("rows", *columns), None, rows)


def show_records(values: Iterable[Mapping[str, Any]]) -> None:
    """Records in the user guide's layout, an empty line between them."""
    if is_terminal(sys.stdout):
        from pulp_events_cli.output.rich_output import print_records

        print_records([*values])
    else:
        print("\n\n".join(map(records.record, values)))


def show_words(words: Sequence[str]) -> None:
    """A line of a stream, written at once."""
    if is_terminal(sys.stdout):
        from pulp_events_cli.output.rich_output import print_words

        print_words(words)
    else:
        print("  ".join(words), flush=True)


def show_lines(lines: Iterable[str]) -> None:
    """Lines of a comparison: those that begin with + are new, those with - are gone."""
    if is_terminal(sys.stdout):
        from pulp_events_cli.output.rich_output import print_changes

        print_changes([*lines])
    else:
        print("\n".join(lines))
