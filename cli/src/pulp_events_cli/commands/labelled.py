"""Commands on all listeners that have certain labels."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events_cli.commands.one_listener import LISTENER_ID_HELP
from pulp_events_cli.errors import CommandFailed, UsageError
from pulp_events_cli.listener_attributes import labels_text
from pulp_events_cli.parser.argument_types import wanted_label
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus
    from pulp_events.listeners.listener import Listener


def add_label(parser: Parser, text: str) -> None:
    """The option that chooses listeners by their labels."""
    parser.add_argument(
        "--label",
        action="append",
        type=wanted_label,
        metavar="KEY=VALUE",
        help=f"{text}, or with KEY alone any value of it; may be repeated: all of them",
    )


def labels_in(arguments: argparse.Namespace) -> dict[str, str | None]:
    """The labels that are asked for. Raises UsageError where no listener can have all of them."""
    found: dict[str, str | None] = {}
    for key, value in arguments.label or ():
        if found.get(key) not in (None, value) and value is not None:
            raise UsageError(f"--label: no listener has both {key}={found[key]} and {key}={value}")
        found[key] = found.get(key) if value is None else value
    return found


def add_one_or_labelled(parser: Parser) -> None:
    """The options that name one listener, or choose all that have certain labels."""
    parser.add_argument("--listener-id", metavar="ID", help=LISTENER_ID_HELP)
    add_label(parser, "all listeners with this label, instead of one")


def labelled(bus: EventBus, arguments: argparse.Namespace) -> list[Listener] | None:
    """Those with the labels that are asked for; None if one is named by --listener-id.

    Raises UsageError unless it is just one of the two, CommandFailed if no listener has the labels.
    """
    labels = labels_in(arguments)
    if bool(labels) == (arguments.listener_id is not None):
        raise UsageError("choose the listeners in one way: one with --listener-id, or all that have a --label")
    if not labels:
        return None
    found = bus.listeners.list(labels=labels)
    if not found:
        every = "the label" if len(labels) == 1 else "all the labels"
        raise CommandFailed(
            f"no listener has {every} {labels_text(labels)}; `pulp-admin event listener list` shows them"
        )
    return found
