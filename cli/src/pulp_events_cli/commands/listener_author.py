"""`pulp-admin event listener author`: whose a listener is, and whether it is trusted."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pulp_events.errors import InvalidConfig
from pulp_events.listeners.author import Author
from pulp_events_cli.commands.one_listener import add_listener_id, report
from pulp_events_cli.errors import UsageError
from pulp_events_cli.ids import listener_ids
from pulp_events_cli.parser.parser import Parser

if TYPE_CHECKING:
    from pulp_events.bus.event_bus import EventBus


def fill(parser: Parser) -> None:
    """Add the options."""
    add_listener_id(parser)
    parser.add_argument("--name", metavar="NAME", help="who made it; default: who it is said to be")
    trust = parser.add_mutually_exclusive_group(required=True)
    trust.add_argument("--trusted", action="store_true", help="they are an administrator of this machine")
    trust.add_argument(
        "--untrusted",
        action="store_true",
        help="they are not: the listener names no files, has no templates, and reaches only [untrusted] networks",
    )
    parser.epilog = "Nothing else changes whether a listener is trusted, whoever updates it."
    parser.set_defaults(run=run)


def run(bus: EventBus, arguments: argparse.Namespace) -> int:
    """Say it, and show what was done."""
    before = listener_ids.find(bus, arguments.listener_id)
    name = arguments.name or (before.author.name if before.author else None)
    if name is None:
        raise UsageError(f"nobody is said to have made listener {before.id}; name them with --name")
    try:
        author = Author(name, trusted=arguments.trusted)
    except InvalidConfig as error:
        raise UsageError(f"--name: {error}") from None
    after = bus.listeners.entrust(before.id, author)
    return report(bus, arguments, after, "updated" if after != before else None)
