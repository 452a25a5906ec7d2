"""The option that chooses listeners by their labels."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events_cli.errors import CommandFailed, UsageError
from pulp_events_cli.parser.argument_types import wanted_label
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener


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


def with_labels(bus: EventBus, labels: Mapping[str, str | None]) -> list[Listener]:
    """The listeners that have all of these. Raises CommandFailed if none has."""
    found = bus.listeners.list(labels=labels)
    if not found:
        from pulp_events_cli.listener_attributes import labels_text

        every = "the label" if len(labels) == 1 else "all the labels"
        raise CommandFailed(
            f"no listener has {every} {labels_text(labels)}; `pulp-admin event listener list` shows them"
        )
    return found
