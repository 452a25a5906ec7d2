"""The option that chooses listeners by their labels."""

from __future__ import annotations

import argparse

from pulp_events_cli.errors import UsageError
from pulp_events_cli.parser.argument_types import wanted_label
from pulp_events_cli.parser.parser import Parser


def add_label(parser: Parser, text: str) -> None:
    """The option that chooses listeners by their labels."""
    parser.add_argument(
        "--label",
        action="append",
        type=wanted_label,
        metavar="KEY=VALUE",
        help=f"{text} (KEY alone: with any value); may be repeated, for those that have all",
    )


def labels_in(arguments: argparse.Namespace) -> dict[str, str | None]:
    """The labels that are asked for. Raises UsageError where no listener can have all of them."""
    found: dict[str, str | None] = {}
    for key, value in arguments.label or ():
        if found.get(key) not in (None, value) and value is not None:
            raise UsageError(f"--label: no listener has both {key}={found[key]} and {key}={value}")
        found[key] = found.get(key) if value is None else value
    return found
