"""Records, streams and comparisons on standard output: with colour, or plain and always the same."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulp_events_cli.output import records
from pulp_events_cli.output.terminal import is_terminal


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
